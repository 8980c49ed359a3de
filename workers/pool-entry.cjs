// What the pool requires on each of its threads. CommonJS on purpose: the pool loads its file by require(), and on Node 20
// a thread that is terminated inside require() of an ES module takes the whole process with it
// (v8::Module::IsGraphAsync). import() has no such moment.
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const built = join(__dirname, 'handler-host.js');
const host = pathToFileURL(existsSync(built) ? built : join(__dirname, 'handler-host.ts')).href;

module.exports = async (task) => (await import(host)).default(task);
