import * as assert from 'uvu/assert';
import { reportHtml } from '../../bench/report/html.ts';
import { advantage, hardest, score, standing } from '../../bench/report/standing.ts';
import { factsText, reportText } from '../../bench/report/text.ts';
import { tests } from '../helpers.ts';
import { resultsOf, rowOf, sample, scenarioOf } from './sample.ts';
import { parseXml } from './xml.ts';

const test = tests('bench reports');
const rival = { role: 'rival', versus: 'piscina' } as const;

test('half the time is as good as twice the speed', () => {
  assert.equal(advantage(rowOf({ value: 2, low: 1, high: 4 })), { value: 2, low: 1, high: 4 });
  assert.equal(advantage(rowOf({ better: 'less', value: 0.5, low: 0.25, high: 1 })), { value: 2, low: 1, high: 4 });
});

test('a row is level where repetitions disagree on who is ahead', () => {
  assert.is(standing(rowOf({ ...rival, value: 1.2, low: 1.1, high: 1.3 })), 'ahead');
  assert.is(standing(rowOf({ ...rival, value: 1.2, low: 0.9, high: 1.3 })), 'level');
  assert.is(standing(rowOf({ ...rival, value: 0.8, low: 0.7, high: 0.9 })), 'behind');
  assert.is(standing(rowOf({ ...rival, better: 'less', value: 0.8, low: 0.7, high: 0.9 })), 'ahead');
  assert.is(standing(rowOf({ role: 'self', versus: 'ganglion' })), undefined);
  assert.is(standing(rowOf({})), undefined);
});

test('only rivals count in the score', () => {
  const rows = [rowOf(rival), rowOf({ role: 'floor', versus: 'nothing', value: 0.1, low: 0.1, high: 0.1 })];
  assert.equal(
    Object.values(score(rows)).map((of) => (of as unknown[]).length),
    [1, 0, 0],
  );
});

test('the hardest row of a scenario is the one in which a rival does best', () => {
  const rows = [
    rowOf({ ...rival, name: 'easy', value: 3 }),
    rowOf({ ...rival, name: 'hard', better: 'less', value: 0.9 }),
    rowOf({ role: 'floor', name: 'floor', value: 0.1 }),
    rowOf({ ...rival, scenario: 'other', name: 'only', value: 0.5 }),
  ];
  assert.equal(
    hardest(rows).map(({ name }) => name),
    ['hard', 'only'],
  );
});

test('the terminal shows ratios first, then what each side cost, who is ahead, warnings and totals', () => {
  const text = reportText(sample);
  assert.match(text, /per event +8\.90× +8\.10 – 9\.40 +more +ahead +≥ 10 MISSED +410 k\/s/);
  assert.match(text, /per batch of 64 +1\.08× .* level +≥ 1 met/);
  assert.match(text, /stringify \+ parse +0\.790× .* vs floor/);
  assert.match(text, /tinypool +[\d.]+ % .* isolateWorkers: false/);
  assert.match(text, /Behind a rival:\n {2}open-loop: p99 at 50 % load vs raw postMessage: 1\.30×/);
  assert.match(text, 'WARNING: The machine had other work before throughput (30 % busy)');
  assert.match(text, 'ingest: about ingest\n  FAILED: ganglion: 3 of 1,000 lines were lost <b>\n      at');
  assert.match(text, 'FAILED ingest: ganglion: 3 of 1,000 lines were lost <b>\n\n');
  assert.match(text, /6 of 7 scenarios verified, 3 of 4 targets met, of 3 rows against rivals .*, 321 s$/);
  assert.not.match(text, /NaN|undefined/);
});

test('a quick run judges nothing', () => {
  const text = reportText({ ...sample, quick: true });
  assert.match(text, 'WARNING: This was a quick run');
  assert.not.match(text, /MISSED|targets met|Behind|ahead/);
  const page = reportHtml({ ...sample, quick: true });
  assert.match(page, 'This was a quick run');
  assert.not.match(page, /MISSED|targets met|How many times as good/);
});

test('a run of nothing is told as such', () => {
  assert.is(reportText(resultsOf({ seconds: 0.2 })), '0 of 0 scenarios verified, 0 s');
  parseXml(reportHtml(resultsOf({})));
});

test('the facts name machine, date and seed', () => {
  const { machine, threads, repetitions, seed } = sample;
  const text = factsText(machine, threads, repetitions, seed);
  assert.match(
    text,
    'AMD EPYC <9000> & "more", 2 cores, 24 GB, linux x64, Node v20.20.2, load 0.12 at start, 2026-11-24 10:00 UTC',
  );
  assert.match(text, '2 handler threads, 5 repetitions, seed 42');
});

test('the page is well-formed, needs no script and nothing from elsewhere', () => {
  const page = reportHtml(sample);
  const { elements, texts } = parseXml(page);
  assert.match(page, /^<!DOCTYPE html>\n<html lang="en">/);
  for (const { name, attributes } of elements) {
    assert.not.ok(['script', 'link', 'img', 'iframe', 'object', 'foreignObject'].includes(name), name);
    for (const key of ['src', 'xlink:href', 'onload', 'onclick']) assert.is(attributes[key], undefined);
    if (attributes.href !== undefined) assert.match(attributes.href, /^#/);
  }
  assert.not.match(page, /https?:|@import|url\(/);
  assert.match(texts('style')[0]!, '@media (prefers-color-scheme:dark)');
  assert.ok(texts('dd').includes('AMD EPYC <9000> & "more", 2 cores, 24 GB'));
  assert.ok(texts('dd').includes('42'));
});

test('the page has every scenario, row, chart and setting, and what went wrong', () => {
  const { elements, texts } = parseXml(reportHtml(sample));
  const ids = elements.map(({ attributes }) => attributes.id).filter((id) => id !== undefined);
  assert.is(new Set(ids).size, ids.length);
  for (const { attributes } of elements)
    if (attributes.href !== undefined) assert.ok(ids.includes(attributes.href.slice(1)));
  const cells = [...texts('th'), ...texts('td')];
  for (const { name, absolute } of sample.rows) {
    assert.ok(cells.includes(name), name);
    assert.ok(cells.includes(absolute), absolute);
  }
  for (const { name, notes, charts } of sample.scenarios) {
    assert.ok(texts('h2').includes(name));
    for (const note of Object.values(notes)) assert.ok(cells.includes(note), note);
    for (const { title } of charts) {
      assert.is(
        elements.filter((one) => one.name === 'svg' && one.attributes['aria-label'] === title).length,
        2,
        title,
      );
      assert.is(
        elements.filter((one) => one.name === 'table' && one.attributes['aria-label'] === title).length,
        1,
        title,
      );
    }
  }
  assert.ok(texts('p', 'warning').some((text) => text.includes('3 of 1,000 lines were lost <b>')));
  assert.ok(texts('li').some((text) => text.startsWith('open-loop: p99 at 50 % load vs raw postMessage: 1.30×')));
});

test('names that look like markup stay text', () => {
  const evil = '"><script>alert(1)</script>';
  const page = reportHtml(
    resultsOf({
      machine: { ...sample.machine, cpu: evil, node: evil },
      rows: [rowOf({ ...rival, scenario: evil, name: evil, absolute: evil, target: evil })],
      scenarios: [scenarioOf(evil, { title: evil, notes: { [evil]: evil }, figures: { [evil]: [{ peakRssMb: 1 }] } })],
    }),
  );
  assert.not.ok(parseXml(page).elements.some(({ name }) => name === 'script'));
});

test.run();
