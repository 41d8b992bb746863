#!/usr/bin/env node
/* global require -- CommonJS (package.json beside this file): Node starts it a third faster than a module */
const { main } = require('../dist/cli/main.cjs');

void main(process).then((code) => {
  process.exitCode = code;
});
