import { randomInt } from 'node:crypto';
import { usageError } from '../../core/errors.ts';

/** Work factor of new hashes: a quarter of a second to make, far less for Dovecot to verify (crypt(5)). */
const ROUNDS = 100_000;

/** Without characters that look alike. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const GENERATED_LENGTH = 20;

/** crypt(3), by which Dovecot verifies, takes no more: CRYPT_MAX_PASSPHRASE_SIZE is 512 with the final NUL (crypt(3)). */
const MAX_BYTES = 511;

/** @throws usage error when it is none that can be hashed and typed */
export function requirePassword(password: string): void {
  if (password === '') throw usageError('the password is empty');
  if (new TextEncoder().encode(password).length > MAX_BYTES)
    throw usageError(`the password is longer than ${MAX_BYTES} bytes`);
  if (/[\p{Cc}]/u.test(password))
    throw usageError('the password contains a control character', 'use visible characters');
}

/** The hash that stands in the state for a password: salted SHA512-CRYPT. */
export async function hashPassword(password: string): Promise<string> {
  requirePassword(password);
  const { encrypt } = await import('unixcrypt');
  return `{SHA512-CRYPT}${encrypt(password, `$6$rounds=${ROUNDS}$${randomText(16)}`)}`;
}

/** Some 115 bits. */
export function generatePassword(): string {
  return randomText(GENERATED_LENGTH);
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
