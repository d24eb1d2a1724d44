import * as fs from 'node:fs';
import { promisify } from 'node:util';

// What is written behind the calls. Not `node:fs/promises`: loading it, which loads readline, takes a fiftieth of a start.
export const open = promisify(fs.open);
export const fsync = promisify(fs.fsync);
export const close = promisify(fs.close);
export const writeFile = promisify(fs.writeFile);
export const rename = promisify(fs.rename);
