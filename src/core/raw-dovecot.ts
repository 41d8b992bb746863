import type { Refusal } from './raw-postfix.ts';

/**
 * Why raw settings for Dovecot are refused; undefined when they are taken. Other ways to let everybody in are for the proof to
 * find, which tries wrong passwords.
 */
export function whyNoDovecotOverride(text: string): Refusal | undefined {
  const settings = text.replace(/(^|\s)#.*$/gm, '');
  if (/^\s*auth_mechanisms\s*=.*(?<!\w)anonymous(?!\w)/im.test(settings))
    return { message: 'the mechanism anonymous lets everybody in', hint: 'take it out of auth_mechanisms' };
  if (!/(?<!\w)nopassword(?!\w)/.test(settings) || /(?<!\w)allow_nets(?!\w)/.test(settings)) return undefined;
  return {
    message: 'nopassword lets everybody in, with any password',
    hint: 'take it out, or say by allow_nets for which clients it is',
  };
}
