// Colours: one accent for ganglion, muted ones for rivals; all of them at 3:1 or more against their ground.
import { RIVAL_COLOURS } from './tones.ts';

const LIGHT = {
  ground: '#ffffff',
  ink: '#1f2328',
  soft: '#59636e',
  grid: '#e3e7eb',
  axis: '#8c959f',
  bar: '#a9b1ba',
  colours: ['#c2410c', '#4a6a8a', '#5d7a53', '#7a6490', '#8a6d2f', '#3f7f83', '#6b7280'],
};

const DARK: typeof LIGHT = {
  ground: '#0d1117',
  ink: '#e6edf3',
  soft: '#9198a1',
  grid: '#262c34',
  axis: '#656c76',
  bar: '#7a828d',
  colours: ['#fb923c', '#8fb0d3', '#9fbf93', '#bda6d6', '#d0b36c', '#7fc4c8', '#9ca3af'],
};

function variables({ ground, ink, soft, grid, axis, bar, colours }: typeof LIGHT): string {
  const numbered = colours.slice(0, RIVAL_COLOURS + 1).map((colour, i) => `--c${i}:${colour};`);
  return `--ground:${ground};--ink:${ink};--soft:${soft};--grid:${grid};--axis:${axis};--bar:${bar};${numbered.join('')}`;
}

function schemes(selector: string): string {
  return `${selector}{${variables(LIGHT)}}@media (prefers-color-scheme:dark){${selector}{${variables(DARK)}}}`;
}

/** For a page. */
export const PAGE_COLOURS: string = schemes(':root');

export const STANDALONE_STYLE: string = `${schemes('svg')}.ground{fill:var(--ground)}`;

const tones = Array.from({ length: RIVAL_COLOURS + 1 }, (_, i) => `.chart .t${i}{--tone:var(--c${i})}`).join('');

export const CHART_STYLE: string = `
.chart{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.chart text{fill:var(--ink)}
.chart .title{font-size:14px;font-weight:600}
.chart .note,.chart .tick{fill:var(--soft)}
.chart .group{font-weight:600}
.chart .own{font-weight:600}
.chart .value{font-variant-numeric:tabular-nums}
.chart .halo{paint-order:stroke;stroke:var(--ground);stroke-width:3px;stroke-linejoin:round}
.chart .grid{stroke:var(--grid)}
.chart .axis{stroke:var(--axis)}
.chart .reference{stroke:var(--ink);stroke-width:1.2}
.chart .whisker{stroke:var(--ink);stroke-width:1.2;fill:none}
.chart .bar{fill:var(--bar)}
.chart .bar.own{fill:var(--c0)}
.chart .bar.floor{fill:none;stroke:var(--axis);stroke-width:1.2}
.chart .dot{fill:var(--bar);stroke:var(--ground)}
.chart .dot.own{fill:var(--c0)}
.chart .dot.floor{fill:var(--ground);stroke:var(--axis);stroke-width:1.4}
${tones}
.chart .curve{fill:none;stroke:var(--tone);stroke-width:1.8;stroke-linejoin:round}
.chart .curve.t0{stroke-width:2.6}
.chart .d1{stroke-dasharray:6 3}
.chart .d2{stroke-dasharray:2 3}
.chart .band{fill:var(--tone);opacity:.16}
.chart .mark{fill:var(--tone);stroke:var(--ground)}
.chart .ideal{stroke:var(--soft);stroke-width:1.4;stroke-dasharray:3 4;fill:none}
`.replaceAll('\n', '');
