import { CHART_STYLE, PAGE_COLOURS } from '../charts/style.ts';

/** Below this width a page shows the narrow drawing of each chart. */
const TELEPHONE_PX = 700;

export const PAGE_STYLE: string = `
${PAGE_COLOURS}
${CHART_STYLE}
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 64px;max-width:1240px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:26px;margin:0 0 4px}
h2{font-size:19px;margin:48px 0 2px;padding-top:16px;border-top:1px solid var(--grid)}
h3{font-size:15px;margin:24px 0 6px}
p{margin:6px 0;max-width:75ch}
a{color:inherit}
.soft{color:var(--soft)}
.warning{border-left:4px solid var(--c0);padding:6px 12px;margin:12px 0;max-width:none;white-space:pre-line}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:14px 0}
dt{color:var(--soft)}
dd{margin:0}
nav{columns:220px;margin:12px 0}
nav a{display:block;break-inside:avoid;text-decoration:none}
nav a:hover{text-decoration:underline}
.scroll{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px 4px 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--grid)}
th{font-weight:600;color:var(--soft);vertical-align:bottom}
th:first-child,td:first-child,.words{text-align:left}
th[scope=row]{font-weight:400;color:var(--ink);vertical-align:top;min-width:11em}
td{white-space:nowrap}
td.words{white-space:normal;min-width:16em}
th.own,td.ahead{font-weight:600}
td.behind,td.missed{font-weight:600;color:var(--c0)}
figure{margin:16px 0}
.pair{display:flex;flex-wrap:wrap;gap:0 28px;align-items:flex-start}
.pair figure{flex:1 1 540px;max-width:760px}
.pair .scroll{margin-top:16px;max-width:100%}
figure svg{display:block;width:100%;height:auto;border:1px solid var(--grid);border-radius:6px}
figure .wide{max-width:760px}
figure .narrow{display:none;max-width:480px}
@media (max-width:${TELEPHONE_PX}px){
body{padding:16px 12px 48px}
.pair figure{flex-basis:100%}
figure .wide{display:none}
figure .narrow{display:block}
}
@media print{body{max-width:none}h2{break-after:avoid}figure{break-inside:avoid}}
`.replaceAll('\n', '');
