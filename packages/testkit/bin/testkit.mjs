#!/usr/bin/env node
import { runCommand } from '@tallystick/testkit/node';

process.exitCode = await runCommand(process.argv.slice(2));
