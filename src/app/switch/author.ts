import { userInfo } from 'node:os';

/** Whoever runs the command, also behind sudo; shown in the history. */
export function authorName(): string {
  const behind = process.env['SUDO_USER'] ?? '';
  return /^[A-Za-z0-9_.-]{1,64}$/.test(behind) ? behind : userInfo().username;
}
