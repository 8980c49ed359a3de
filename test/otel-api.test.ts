import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from './helpers.ts';

const test = tests('the API of OpenTelemetry');

test("the API's exports are in V8's fast mode once it is loaded, where they were not", async () => {
  const index = JSON.stringify(new URL('../src/index.js', import.meta.url));
  const output = await new Promise<string>((resolve) => {
    const program = `import api from '@opentelemetry/api';
      import { isOtelAvailable } from ${index};
      console.log(%HasFastProperties(api), isOtelAvailable(), %HasFastProperties(api));`;
    const args = ['--allow-natives-syntax', '--input-type=module', '--eval', program];
    execFile(process.execPath, args, { cwd: projectRoot }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  assert.is(output, 'false true true\n');
});

test('without the package everything loads and works, and asking for tracing says what is missing', async () => {
  const base = join(projectRoot, 'dist', 'test');
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, 'no-otel-'));
  try {
    writeFileSync(
      join(folder, 'hide.cjs'),
      `const { _resolveFilename } = require('node:module');
       require('node:module')._resolveFilename = function (name, ...rest) {
         if (name.startsWith('@opentelemetry/')) throw Object.assign(new Error('hidden'), { code: 'MODULE_NOT_FOUND' });
         return _resolveFilename.call(this, name, ...rest);
       };`,
    );
    const main = join(folder, 'main.mjs');
    writeFileSync(
      main,
      `import * as g from '../../src/index.js';
       const bus = new g.EventBus();
       bus.subscribe(() => g.traced('n', (n) => n + 1)(1), 'x');
       const { outcomes } = await bus.emitAndWait('x', {});
       await bus.shutdown();
       g.addEventToSpan('e'); g.setSpanAttribute('a', 1);
       let code; try { new g.EventBus({ tracing: true }); } catch (error) { code = error.code; }
       let metrics; try { new g.OtelMetrics(); } catch (error) { metrics = error.code; }
       console.log(JSON.stringify([g.isOtelAvailable(), outcomes[0].value, g.getTracer(), g.getCurrentSpan(),
         g.getTraceCorrelationId(), g.injectTraceContextToHeaders({ a: '1' }), g.extractTraceContextFromHeaders({}), code, metrics]));`,
    );
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['--require', join(folder, 'hide.cjs'), main], (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    const config = 'ERR_GANGLION_CONFIG';
    assert.equal(JSON.parse(output), [false, 2, null, null, null, { a: '1' }, null, config, config]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
