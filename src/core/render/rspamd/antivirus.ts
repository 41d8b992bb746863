import type { BuiltinFilter } from '../../model.ts';
import { PATHS } from '../paths.ts';
import { quoteUcl } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { rspamdFile } from './rspamd-file.ts';

/**
 * What rspamd's modules antivirus and force_actions read: ClamAV is asked, and what happens when it does not answer. The
 * files are always there, because rspamd reloads for a change and not for one that goes.
 */
export function antivirusFiles({ antivirus, onFailure }: BuiltinFilter): readonly RenderedFile[] {
  const scanner = antivirus === undefined ? [] : scannerLines(antivirus);
  const whenDown = antivirus === undefined || onFailure === 'accept' ? [] : WHEN_DOWN;
  const text = (lines: readonly string[]): string => [HEADER, ...lines, ''].join('\n');
  return [
    rspamdFile(`${PATHS.rspamd}/local.d/antivirus.conf`, 'how ClamAV is asked', text(scanner)),
    rspamdFile(`${PATHS.rspamd}/local.d/force_actions.conf`, 'what happens when it does not answer', text(whenDown)),
  ];
}

function scannerLines(socket: string): readonly string[] {
  return [
    'clamav {',
    '  type = "clamav";',
    '  symbol = "CLAM_VIRUS";',
    '  action = "reject";',
    '  message = "a virus was found in it";',
    `  servers = ${quoteUcl(socket)};`,
    '  scan_mime_parts = true;',
    '  scan_image_mime = true;',
    '  log_clean = false;',
    '  # More than that clamd does not take, as Debian configures it.',
    '  max_size = 25000000;',
    '}',
  ];
}

const WHEN_DOWN = [
  'rules {',
  '  CLAMAV_IS_DOWN {',
  '    expression = "CLAM_VIRUS_FAIL";',
  '    action = "soft reject";',
  '    message = "the virus scanner does not answer, try again later";',
  '  }',
  '}',
];
