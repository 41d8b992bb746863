// npm test: everything there is to check, on any Debian or Ubuntu machine, from a fresh clone.
// Installs what is missing (real mail servers are part of the tests) and then runs scripts/check.mjs.
import { check } from './check.mjs';
import {
  CLIENT_PACKAGES,
  ensureDebianPackages,
  ensureLogQueue,
  ensureNpmPackages,
  FILTER_PACKAGES,
  MAIL_PACKAGES,
  TEST_PACKAGES,
} from './machine.mjs';

ensureDebianPackages([...MAIL_PACKAGES, ...FILTER_PACKAGES, ...CLIENT_PACKAGES, ...TEST_PACKAGES]);
ensureLogQueue();
ensureNpmPackages();
process.exitCode = check() ? 0 : 1;
