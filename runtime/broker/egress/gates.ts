// Gates: what lets a lab's host out, as far as the operator permits (README.md). One a host, in a cgroup and namespaces that the lab has no hand in; it ends
// with the lab's processes, whoever ends those. Called by main.ts for the verbs setEgress and egress.
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { SlipwayError } from '../../errors.ts';
import { GATE_UID_BASE } from '../../ids.ts';
import { withinCeiling } from '../../kernel/egress.ts';
import { PROGRAMS, readEgressSettings, resolvers } from '../../kernel/egress-settings.ts';
import type { HostRef } from '../../kernel/protocol.ts';
import { askedNames, runDir } from '../../paths.ts';
import { gateOf, type Hosts } from '../hosts.ts';
import { isAlive, startTime } from '../process.ts';
import { saveLab, type HostRecord } from '../records.ts';
import { run } from '../run.ts';
import { GATE_SCRIPT, INSIDE_SCRIPT } from './gate-script.ts';
import { gateRuleset, nameServerConfig, OUTSIDE, ownElements } from './ruleset.ts';

const TIMEOUT_MS = 20_000;
/** A class's switch opens them all, on a machine that has other things to do. */
const AT_ONCE = 2;



export class Gates {
  private readonly hosts: Hosts;
  /** What the gates that were open at the last refresh go by. */
  private own: string[] = [];
  private opening = 0;
  private readonly waiting: (() => void)[] = [];
  constructor(hosts: Hosts) { this.hosts = hosts; }

  set(ref: HostRef, wish: readonly string[]): Promise<{ allow: string[]; ipv6: boolean; changed: boolean }> {
    return this.hosts.exclusive(ref.lab, async () => {
      const { host } = this.hosts.running(ref);
      const settings = readEgressSettings();
      const allow = withinCeiling(wish, settings.allow);
      const plan = allow.length ? await this.plan(allow) : undefined;
      if (plan && host.gate?.made === plan.made && works(host)) return { allow, ipv6: plan.ipv6, changed: false };
      const closed = await this.close(ref, host);
      if (!plan) return { allow, ipv6: false, changed: closed };
      try {
        await this.inTurn(() => this.open(ref, host, plan));
      } catch (error) {
        await this.close(ref, host);
        throw error;
      }
      return { allow, ipv6: plan.ipv6, changed: true };
    });
  }

  settings() {
    const { allow, everyone, bitsPerSecond, connectionsPerSecond } = readEgressSettings();
    const gates = this.hosts.all().filter(({ host }) => host.gate && works(host)).map(({ ref }) => ref);
    return { allow, everyone, bitsPerSecond, connectionsPerSecond, gates };
  }

  /** The machine may be given addresses at any time, and none of them is ever let through. */
  async refresh(): Promise<void> {
    const open = this.hosts.all().filter(({ host }) => host.gate && works(host));
    if (open.length === 0) return;
    const { own } = await ownAddresses(readEgressSettings().netns);
    if (own.join() === this.own.join()) return;
    for (const { host } of open) await run('nsenter', [...intoGate(host.gate!.holder.pid), 'nft', '-f', '-'], { stdin: ownElements(own) });
    this.own = own;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.opening >= AT_ONCE) await new Promise<void>(resolve => this.waiting.push(resolve));
    this.opening++;
    try {
      return await work();
    } finally {
      this.opening--;
      this.waiting.shift()?.();
    }
  }

  private async plan(allow: string[]) {
    const settings = readEgressSettings();
    const missing = Object.entries(PROGRAMS).filter(([program]) => !['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(dir => existsSync(join(dir, program))));
    if (missing.length) throw new SlipwayError('Unavailable', `egress needs ${missing.map(([program]) => program).join(', ')}: apt-get install ${[...new Set(missing.map(([, name]) => name))].join(' ')}`);
    const { own, ipv6 } = await ownAddresses(settings.netns);
    const servers = resolvers(settings);
    const dns = servers[0]?.includes(':') ? OUTSIDE.dns6 : OUTSIDE.dns;
    const rules = { allow, connectionsPerSecond: settings.connectionsPerSecond, own, ipv6, dns };
    const plan = { allow, ipv6, netns: settings.netns, bitsPerSecond: settings.bitsPerSecond, rules: gateRuleset(rules), names: nameServerConfig(rules), resolv: servers.map(address => `nameserver ${address}\n`).join('') };
    // Addresses that come and go are replaced where it is (refresh).
    return { ...plan, made: JSON.stringify([allow, ipv6, plan.netns, plan.bitsPerSecond, rules.connectionsPerSecond, plan.resolv]) };
  }

  private async open(ref: HostRef, host: HostRecord, plan: Awaited<ReturnType<Gates['plan']>>) {
    const { lab, init } = this.hosts.running(ref);
    const uid = GATE_UID_BASE + lab.uidIndex;
    const cgroups = this.hosts.cgroups.directories(`${ref.lab}/${gateOf(ref.host)}`);
    for (const dir of [...cgroups, join(runDir, 'gate')]) mkdirSync(dir, { recursive: true });
    const asked = askedNames(ref.lab, ref.host);
    writeFileSync(asked, '', { mode: 0o600 });
    chownSync(asked, uid, this.hosts.engine.gid);
    chmodSync(asked, 0o660);
    const made = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-euc', GATE_SCRIPT, 'gate', join(runDir, 'gate'), String(uid), String(init.pid), plan.netns, asked, `${plan.bitsPerSecond}bit`, ...cgroups], {
      timeoutMs: TIMEOUT_MS, env: { RULES: plan.rules, NAMES: plan.names, RESOLV: plan.resolv, INSIDE: INSIDE_SCRIPT },
    });
    const [holder, carrier] = made.trim().split(' ').map(Number).map(pid => ({ pid, started: startTime(pid) ?? -1 }));
    if (!isAlive(init)) throw new SlipwayError('Unavailable', 'the host ended while its gate was made'); // and its pid may be somebody else's
    host.gate = { holder: holder!, carrier: carrier!, allow: plan.allow, ipv6: plan.ipv6, made: plan.made };
    saveLab(lab);
  }

  /** Also what a crash left half made; false when there was nothing. Connections end with it: nobody is left who knew of them. */
  private async close(ref: HostRef, host: HostRecord): Promise<boolean> {
    const path = `${ref.lab}/${gateOf(ref.host)}`;
    if (host.gate === null && this.hosts.cgroups.directories(path).every(dir => !existsSync(dir))) return false;
    // Now rather than when the kernel has taken the namespace down.
    if (isAlive(host.gate?.holder ?? null)) await run('nsenter', [...intoGate(host.gate!.holder.pid), 'ip', 'link', 'delete', 'lab0']).catch(() => undefined);
    await this.hosts.cgroups.kill(path);
    await this.hosts.cgroups.remove(path);
    rmSync(askedNames(ref.lab, ref.host), { force: true });
    host.gate = null;
    saveLab(this.hosts.lab(ref.lab));
    return true;
  }
}

/** The lab's root may have removed its end of the link, and so ours. */
const works = ({ gate }: HostRecord): boolean => gate !== null && isAlive(gate.holder) && isAlive(gate.carrier) && readFileSync(`/proc/${gate.holder.pid}/net/dev`, 'utf8').includes('lab0:');
const intoGate = (pid: number) => [`--user=/proc/${pid}/ns/user`, `--net=/proc/${pid}/ns/net`];

/** Of the machine, and of the namespace that connections begin in; and whether that one reaches IPv6. */
async function ownAddresses(netns: string): Promise<{ own: string[]; ipv6: boolean }> {
  const here = Object.values(networkInterfaces()).flat().flatMap(one => (one ? [{ address: one.address.replace(/%.*/, ''), global: isGlobal6(one.address) }] : []));
  const there = netns ? parseAddresses(await run('nsenter', [`--net=${netns}`, 'ip', '-j', 'addr'])) : here;
  const all = [...here, ...there].map(({ address }) => address);
  return { own: [...new Set(all)].sort(), ipv6: there.some(({ global }) => global) };
}

function parseAddresses(json: string): { address: string; global: boolean }[] {
  const links = JSON.parse(json) as { addr_info?: { local?: string }[] }[];
  return links.flatMap(link => link.addr_info ?? []).flatMap(({ local }) => (local ? [{ address: local, global: isGlobal6(local) }] : []));
}

const isGlobal6 = (address: string): boolean => /^[23][0-9a-f]{3}:/i.test(address);
