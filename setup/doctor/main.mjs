// `npx slipway doctor`: a table of what this machine offers. Every line is tried for real where trying leaves nothing behind; nothing is installed or
// changed. Plain JavaScript, so that it works before anything is set up. Exit code 1 when something is missing that Slipway cannot do without.
import process from 'node:process';
import { isRoot } from '../shell.mjs';
import { cgroupChecks } from './cgroup.mjs';
import { diskChecks } from './disk.mjs';
import { egressChecks } from './egress.mjs';
import { kernelChecks } from './kernel.mjs';
import { machineChecks } from './machine.mjs';
import { networkChecks } from './network.mjs';
import { upstreamChecks } from './upstreams.mjs';

/**
 * @typedef {{ state: 'fine' | 'degraded' | 'missing' | 'untried', found: string, lost?: string, todo?: string }} Finding
 *   degraded: works, and `lost` says what is not as it should be. missing: `todo` says what to do. untried: it takes root.
 * @typedef {{ id: string, title: string, required?: boolean, needsRoot?: boolean, look: () => Finding | Promise<Finding> }} Check
 */

/** @type {Check[]} */
const checks = [...kernelChecks, ...cgroupChecks, ...diskChecks, ...networkChecks, ...upstreamChecks, ...egressChecks, ...machineChecks];

export async function doctor(args) {
  if (args.some(arg => arg !== '--json')) {
    console.error('usage: slipway doctor [--json]');
    return 2;
  }
  const findings = [];
  for (const check of process.platform === 'linux' ? checks : []) findings.push({ id: check.id, title: check.title, required: check.required ?? false, ...(await look(check)) });
  if (process.platform !== 'linux') findings.push({ id: 'linux', title: 'Linux', required: true, state: 'missing', found: process.platform, todo: 'Slipway needs a Linux kernel: a small Debian virtual machine will do' });
  const ok = !findings.some(finding => finding.required && finding.state === 'missing');
  if (args.includes('--json')) console.log(JSON.stringify({ ok, findings }));
  else print(findings, ok);
  return ok ? 0 : 1;
}

async function look(check) {
  if (check.needsRoot && !isRoot) return { state: 'untried', found: 'only root can try this: sudo npx slipway doctor' };
  try {
    return await check.look();
  } catch (error) {
    return { state: 'missing', found: error.message.trim().split('\n')[0], todo: 'this should not happen on a stock kernel' };
  }
}

const SIGNS = { fine: '✔ fine', degraded: '▲ degraded', missing: '✘ missing', untried: '? not tried' };
const COLOURS = { fine: 32, degraded: 33, missing: 31, untried: 2 };

function print(findings, ok) {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR;
  const width = Math.max(...findings.map(finding => finding.title.length));
  for (const { title, state, found, lost, todo } of findings) {
    const sign = SIGNS[state].padEnd(11);
    console.log(`${title.padEnd(width)}  ${colour ? `\x1b[${COLOURS[state]}m${sign}\x1b[0m` : sign}  ${found}`);
    const indent = ' '.repeat(width + 15);
    if (lost) console.log(`${indent}lost: ${lost}`);
    if (todo) console.log(`${indent}to do: ${todo}`);
  }
  console.log(ok ? '\nSlipway can run here.' : '\nSlipway cannot run here yet: see what is missing above.');
}
