#!/usr/bin/env node
import { run } from "./run.js";
import { processTerminal } from "./terminal.js";

const onError = (line: string): void => void process.stderr.write(`${line}\n`);
process.exitCode = await run(process.argv.slice(2), processTerminal, onError);
