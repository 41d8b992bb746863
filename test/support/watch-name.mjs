// Looks at a name as fast as it can until a file says stop, and says how many times it was gone and came back.
import { existsSync, statSync } from 'node:fs';

const [name, stop] = process.argv.slice(2);
let gaps = 0;
let isThere = true;
process.stdout.write('looking\n');
while (!existsSync(stop)) {
  for (let n = 0; n < 100; n += 1) {
    const found = statSync(name, { throwIfNoEntry: false }) !== undefined;
    if (found && !isThere) gaps += 1;
    isThere = found;
  }
}
process.stdout.write(`${gaps}\n`);
