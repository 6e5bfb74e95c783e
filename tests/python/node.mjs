// SPDX-License-Identifier: MIT
// MicroPython under node as an interpreter: node node.mjs MICROPYTHON.mjs start.py ROOT ...
//
// It has a file system in memory only: ROOT and the folder of start.py are copied into it.
import fs from 'node:fs';
import path from 'node:path';
import url from 'node:url';

const [library, start, root, ...words] = process.argv.slice(2);

// Numbers of errors in this C library, and what Linux calls the same.
const numbers = {
    2: 13, 8: 9, 10: 16, 20: 17, 27: 4, 28: 22, 29: 5, 31: 21, 37: 36, 43: 19, 44: 2, 51: 28,
    54: 20, 55: 39, 63: 1, 69: 30, 70: 29, 75: 18,
};

function copy(memory, from, to) {
    if (!fs.statSync(from).isDirectory()) {
        memory.writeFile(to, fs.readFileSync(from));
        return;
    }
    memory.mkdir(to);
    for (const name of fs.readdirSync(from)) {
        if (name !== '__pycache__')
            copy(memory, path.join(from, name), `${to}/${name}`);
    }
}

const { loadMicroPython } = await import(url.pathToFileURL(path.resolve(library)));
const python = await loadMicroPython({
    heapsize: 16 << 20,
    pystack: 64 << 10,
    linebuffer: false,
    stdout: bytes => fs.writeSync(1, bytes),
    stderr: bytes => fs.writeSync(2, bytes),
});
copy(python.FS, path.dirname(start), '/python');
copy(python.FS, root, '/root');
// There is no sys.argv here, so this does what start.py does.
const own = /^OWN_MODULES = \[[^\]]*\]/m.exec(fs.readFileSync(start, 'utf8'))[0];
try {
    python.runPython(`
import sys
sys.path[:] = ['/python']
import _twinfs.host_micropython
_twinfs.host_micropython.numbers.update(${JSON.stringify(numbers).replaceAll('"', '')})
import _twinfs.startup
${own}
_twinfs.startup.start('/python', ${JSON.stringify(['/root', ...words])}, OWN_MODULES, globals())
`);
} catch (error) {
    if (error.type !== 'SystemExit') {
        fs.writeSync(2, error.message);
        process.exit(1);
    }
    process.exit(Number(/SystemExit: ?(\d+)\s*$/.exec(error.message)?.[1] ?? 0));
}
