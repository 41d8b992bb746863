// What stands in the Debian package and is made of other files: its control file, changelog and copyright.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILTER_PACKAGES, MAIL_PACKAGES } from './machine.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(join(ROOT, path), 'utf8');

/** Needed by what not everybody uses: mail from accounts elsewhere, verified relays. */
const RECOMMENDED = ['ca-certificates', 'fetchmail'];

/** useradd, for the owner of the mail. flock, setsid and script are in packages that every Debian has (Essential). */
const BESIDES = ['passwd'];

/** @param {number} size in KiB */
export function controlText(version, size) {
  const { description, engines } = JSON.parse(read('package.json'));
  const needed = MAIL_PACKAGES.filter((name) => !RECOMMENDED.includes(name));
  return [
    'Package: eboxmail',
    `Version: ${version}`,
    'Architecture: all',
    `Maintainer: ${maintainer()}`,
    `Installed-Size: ${size}`,
    `Depends: ${[`nodejs (${engines.node.replace('>=', '>= ')})`, ...needed, ...BESIDES].join(', ')}`,
    `Recommends: ${RECOMMENDED.join(', ')}`,
    `Suggests: ${FILTER_PACKAGES.join(', ')}`,
    'Section: mail',
    'Priority: optional',
    `Description: ${description.replace(/^(An?|One) /, (word) => word.toLowerCase())}`,
    ' Domains, users, groups, aliases, relays and limits of a mail server stand',
    ' in one file, /etc/eboxmail/state.yaml. eboxmail shows what that means for',
    ' Postfix and Dovecot (plan) and puts it in force (apply): checked by the',
    ' daemons first, proven afterwards, taken back when something is wrong.',
    ' .',
    ' Installing the package changes nothing about a mail server that runs already.',
    '',
  ].join('\n');
}

/** As Debian's own tools find it. */
function maintainer() {
  const { DEBFULLNAME = 'eboxmail maintainers', DEBEMAIL = 'maintainers@eboxmail.example' } = process.env;
  return `${DEBFULLNAME} <${DEBEMAIL}>`;
}

/** The newest section of CHANGELOG.md as Debian writes it. @param {number} epoch in seconds since 1970 */
export function changelogText(version, epoch) {
  const [, section = ''] = read('CHANGELOG.md').split(/^## .*$/m);
  const items = section.split(/^- /m).slice(1);
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return [
    `eboxmail (${version}) unstable; urgency=medium`,
    '',
    ...items.flatMap((item) => wrapped(item)),
    '',
    ` -- ${maintainer()}  ${date}`,
    '',
  ].join('\n');
}

/** An item of a list in lines of at most 79 characters. */
function wrapped(text) {
  const lines = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > 74) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, index) => `${index === 0 ? '  * ' : '    '}${line}`);
}

/** The program's own licence, and those of the npm packages that are bundled into it. */
export function copyrightText() {
  const texts = new Map();
  for (const { name, text } of bundledPackages()) texts.set(text, [...(texts.get(text) ?? []), name]);
  return [
    'eboxmail: one YAML file, a plan and an apply for a Postfix and Dovecot mail server',
    '',
    'Copyright 2026 the maintainers of eboxmail',
    '',
    'This program is free software: you can redistribute it and/or modify it under',
    'the terms of the GNU General Public License as published by the Free Software',
    'Foundation, either version 3 of the License, or (at your option) any later',
    'version. On Debian systems its text is in /usr/share/common-licenses/GPL-3.',
    '',
    'The program holds these packages, under the terms that follow their names.',
    ...[...texts].flatMap(([text, names]) => ['', '-'.repeat(78), ...names, '', text]),
    '',
  ].join('\n');
}

/** All that package-lock.json has for run time, but for types, which are gone in the program. */
function bundledPackages() {
  const { packages } = JSON.parse(read('package-lock.json'));
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && !/@types\/|-types$/.test(path))
    .map(([path]) => {
      const { name, version, license } = JSON.parse(read(`${path}/package.json`));
      return { name: `${name} ${version} (${license})`, text: licenceText(path, license) };
    });
}

/** Debian has long texts of its own, and wants them named rather than copied. */
function licenceText(path, license) {
  if (license === 'Apache-2.0') return 'On Debian systems its text is in /usr/share/common-licenses/Apache-2.0.';
  const file = readdirSync(join(ROOT, path)).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined) throw new Error(`${path} has no file with its licence`);
  return read(`${path}/${file}`).trim();
}
