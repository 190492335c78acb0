// SPDX-License-Identifier: Apache-2.0
//
// A table of the running chains.

import path from 'node:path';
import { mailboxAbi, tokenAbi, vaultAbi } from './abi.mjs';
import { isRunning } from './anvil.mjs';
import { formatTokens } from './chains.mjs';
import { dataOption, readDevnet, readProcesses } from './devnet.mjs';
import { callContracts, rpc } from './rpc.mjs';
import { EXIT_FAILED, readOptions, runProgram } from './terminal.mjs';

const OPTIONS = {
  data: dataOption,
  json: { type: 'boolean', help: 'one JSON line instead of the table' },
};

async function readChain(chain, record) {
  const port = Number(new URL(chain.httpUrl).port);
  if (!record || !isRunning(record)) return { name: chain.name, port, running: false };
  const url = chain.httpUrl;
  const collateral = { to: chain.stablecoin, abi: tokenAbi, functionName: 'balanceOf' };
  const [head, finalized, [nonce, router, bridge, vault]] = await Promise.all([
    rpc(url, 'eth_blockNumber'),
    rpc(url, 'eth_getBlockByNumber', ['finalized', false]),
    callContracts(url, [
      { to: chain.mailbox, abi: mailboxAbi, functionName: 'nonce' },
      { ...collateral, args: [chain.router] },
      { ...collateral, args: [chain.bridge] },
      { to: chain.vault, abi: vaultAbi, functionName: 'totalAssets' },
    ]),
  ]);
  return {
    name: chain.name,
    port,
    running: true,
    head: Number(head),
    finalized: Number(finalized.number),
    mailboxNonce: nonce,
    routerCollateral: String(router),
    bridgeLiquidity: String(bridge),
    vaultAssets: String(vault),
  };
}

function tableText(rows) {
  const titles = ['chain', 'port', 'head', 'final', 'nonce', 'router', 'bridge', 'vault'];
  const cells = rows.map((row) =>
    row.running
      ? [row.name, row.port, row.head, row.finalized, row.mailboxNonce,
        ...[row.routerCollateral, row.bridgeLiquidity, row.vaultAssets].map(formatTokens)]
      : [row.name, row.port, 'down', '', '', '', '', ''],
  );
  const lines = [titles, ...cells].map((line) => line.map(String));
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const align = (line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return `${lines.map(align).join('\n')}\n`;
}

async function main() {
  const options = readOptions('Shows the chains.', OPTIONS);
  const data = path.resolve(options.data);
  const devnet = readDevnet(data);
  const processes = new Map(readProcesses(data).map((record) => [record.name, record]));
  const rows = await Promise.all(
    devnet.chains.map((chain) => readChain(chain, processes.get(chain.name))),
  );
  process.stdout.write(options.json ? `${JSON.stringify({ chains: rows })}\n` : tableText(rows));
  return rows.every(({ running }) => running) ? 0 : EXIT_FAILED;
}

runProgram('devnet', main);
