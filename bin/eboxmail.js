#!/usr/bin/env node
/* global require, __dirname -- CommonJS (package.json beside this file): Node starts it a third faster than a module */
const { join } = require('node:path');
const { load } = require('./load.js');

const { main } = load(join(__dirname, '../dist/cli/main.cjs'));

void main(process).then((code) => {
  process.exitCode = code;
});
