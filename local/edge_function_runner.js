// Runs a CloudFront Function for local/edge_function.py: one JSON line in, `{"id": 1, "event": {…}}`, one JSON line out,
// `{"id": 1, "answer": {…}}` or `{"id": 1, "error": "…"}`. Usage: node edge_function_runner.js FUNCTION_FILE MILLISECONDS
'use strict';

const fs = require('node:fs');
const readline = require('node:readline');
const vm = require('node:vm');

const file = process.argv[2];
const timeout = Number(process.argv[3]);

// What CloudFront gives and no more: the language and console.log; no require, process, fetch or timers, eval and Function throw.
// afterEvaluate: promises of an async handler run inside the call, so its time limit holds for them too.
const context = vm.createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: 'afterEvaluate',
});
vm.runInContext('const console = { log() {} }; delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer;', context);
vm.runInContext(`"use strict"; ${fs.readFileSync(file, 'utf8')}`, context, { filename: file, timeout });

// Only text crosses the border, so the function never holds an object of this side.
const call = new vm.Script(`
    Promise.resolve().then(() => handler(JSON.parse(__event))).then(
        (answer) => { __answer = JSON.stringify(answer); },
        (error) => { __error = String(error); });
    0`);

function run(event) {
    Object.assign(context, { __event: JSON.stringify(event), __answer: undefined, __error: undefined });
    call.runInContext(context, { timeout });
    if (context.__error !== undefined) {
        return { error: context.__error };
    }
    return context.__answer === undefined ? { error: 'the handler returned nothing' } : { answer: JSON.parse(context.__answer) };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, event } = JSON.parse(line);
    let outcome;
    try {
        outcome = run(event);
    } catch (error) {
        outcome = { error: String(error) };
    }
    process.stdout.write(`${JSON.stringify({ id, ...outcome })}\n`);
});
