import { readFileSync } from 'node:fs';
import { failed } from '../core/errors.ts';

/** Numeric ids of system users and groups, from passwd(5) and group(5): the accounts of daemons are local ones. */
export function userId(name: string): number | undefined {
  return idIn('/etc/passwd', name);
}

export function groupId(name: string): number | undefined {
  return idIn('/etc/group', name);
}

export function requireUser(name: string): number {
  return require(userId(name), 'user', name);
}

export function requireGroup(name: string): number {
  return require(groupId(name), 'group', name);
}

/** The name of a group, or its number when it has none. */
export function groupName(gid: number): string {
  return nameIn('/etc/group', gid);
}

export function userName(uid: number): string {
  return nameIn('/etc/passwd', uid);
}

/** Ids of an owner and a group, each given by its name, or by the number of one that may have none. */
export function ownerIds({ owner, group }: { readonly owner: string | number; readonly group: string | number }): {
  readonly uid: number;
  readonly gid: number;
} {
  const isNumber = (id: string | number): boolean => /^\d+$/.test(String(id));
  return {
    uid: isNumber(owner) ? Number(owner) : requireUser(String(owner)),
    gid: isNumber(group) ? Number(group) : requireGroup(String(group)),
  };
}

function require(id: number | undefined, kind: string, name: string): number {
  if (id !== undefined) return id;
  throw failed(`this machine has no ${kind} ${name}`, 'it comes with the Debian packages postfix and dovecot-core');
}

const tables = new Map<string, readonly (readonly string[])[]>();

function rows(file: string): readonly (readonly string[])[] {
  let table = tables.get(file);
  if (table === undefined) {
    table = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
    tables.set(file, table);
  }
  return table;
}

/** After a user was made, what was read before is out of date. */
export function forgetIdentities(): void {
  tables.clear();
}

function idIn(file: string, name: string): number | undefined {
  const row = rows(file).find(([first]) => first === name);
  return row === undefined ? undefined : Number(row[2]);
}

function nameIn(file: string, id: number): string {
  return rows(file).find((row) => row[2] === String(id))?.[0] ?? String(id);
}
