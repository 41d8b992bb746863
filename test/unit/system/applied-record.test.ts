import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forEachDaemon } from '../../../src/core/daemons.ts';
import {
  lastRecord,
  readAppliedRecord,
  removeUnfinished,
  setRecordAside,
  writeAppliedRecord,
  writeUnfinished,
} from '../../../src/system/applied-record.ts';

const WORK = {
  files: new Map([['etc/x', ['a', 'b']]]),
  daemons: forEachDaemon(() => 'reload' as const),
  state: 'hash',
};
const RECORD = { time: '2026-01-01T00:00:00.000Z', state: { version: 1 }, files: new Map() };

let lib = '';
beforeEach(() => {
  lib = mkdtempSync(join(tmpdir(), 'eboxmail-record-'));
});
afterEach(() => rmSync(lib, { recursive: true }));

const unfinished = (): unknown => readAppliedRecord(lib)?.unfinished;

describe('an apply that is announced', () => {
  it('is known until it was undone, and the record stays as it was', () => {
    writeAppliedRecord(lib, RECORD);
    const before = readFileSync(`${lib}/applied.json`);
    writeUnfinished(lib, RECORD.time, WORK);
    expect(readAppliedRecord(lib)).toMatchObject({ ...RECORD, unfinished: WORK });
    expect(readFileSync(`${lib}/applied.json`)).toEqual(before);
    removeUnfinished(lib, RECORD);
    expect(unfinished()).toBeUndefined();
  });

  it('is known where nothing was applied before', () => {
    writeUnfinished(lib, '', WORK);
    expect(readAppliedRecord(lib)).toMatchObject({ time: '', state: {}, unfinished: WORK });
    setRecordAside(lib);
    expect(readAppliedRecord(lib)).toBeUndefined();
  });

  it('is forgotten by an uninstall, which keeps what the last one left', () => {
    writeAppliedRecord(lib, RECORD);
    writeUnfinished(lib, RECORD.time, WORK);
    setRecordAside(lib);
    setRecordAside(lib);
    expect(readAppliedRecord(lib)).toBeUndefined();
    writeUnfinished(lib, '', WORK);
    expect(lastRecord(lib)).toMatchObject({ time: RECORD.time, unfinished: undefined });
    setRecordAside(lib);
    expect(lastRecord(lib)).toMatchObject({ time: RECORD.time });
    const next = { ...RECORD, time: '2026-01-02T00:00:00.000Z' };
    writeAppliedRecord(lib, next);
    rmSync(`${lib}/applied.json`);
    expect(lastRecord(lib)).toBeUndefined();
  });

  it('has come to its end with the next record, also when it is killed at once', () => {
    writeAppliedRecord(lib, RECORD);
    writeUnfinished(lib, RECORD.time, WORK);
    const announced = readFileSync(`${lib}/unfinished.json`);
    writeAppliedRecord(lib, { ...RECORD, time: '2026-01-02T00:00:00.000Z' });
    writeFileSync(`${lib}/unfinished.json`, announced);
    expect(unfinished()).toBeUndefined();
  });

  it('is read in the record itself, where versions before had it, until it was undone', () => {
    writeAppliedRecord(lib, RECORD);
    const stored = JSON.parse(readFileSync(`${lib}/applied.json`, 'utf8')) as object;
    const inside = { ...WORK, files: Object.fromEntries(WORK.files), state: 'earlier' };
    writeFileSync(`${lib}/applied.json`, JSON.stringify({ ...stored, unfinished: inside }));
    expect(unfinished()).toEqual({ ...WORK, state: 'earlier' });
    writeUnfinished(lib, RECORD.time, WORK);
    expect(unfinished()).toMatchObject(WORK);
    removeUnfinished(lib, readAppliedRecord(lib));
    expect(readAppliedRecord(lib)).toMatchObject(RECORD);
    expect(unfinished()).toBeUndefined();
  });
});
