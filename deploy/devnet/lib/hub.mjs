// SPDX-License-Identifier: Apache-2.0
//
// A hub on one chain of a running devnet, in place of the tills: its shares claim what the spokes of
// all chains hold. It is set up before the spokes begin, because whom a spoke reports to is a
// loosening afterwards.

import { deriveAccounts } from './accounts.mjs';
import { rolesOf } from './capital.mjs';
import { TOKEN_DECIMALS, tokens } from './chains.mjs';
import { Deployer, loadArtifacts } from './deploy.mjs';
import { requirePackage } from './packages.mjs';
import { callContract, rpc, sendContract } from './rpc.mjs';
import { ASSET_ID } from './spokes.mjs';

const { pad, parseAbi } = requirePackage('viem/utils');

const BLOCK_SECONDS = 1;
const PRICE_AGE_MAX = 3600;
const PRICE_JUMP_BPS_MAX = 200;
const FEE_BPS_PER_YEAR = 100;
const CANCEL_AFTER_SECONDS = 3600;
/** What the hub believes of reports: how old, how far apart clocks are, how far a spoke may move. */
export const REPORT_TERMS = { ageMax: 3600, skewMax: 2, jumpBpsMax: 200 };

export const hubAbi = parseAbi([
  'function begin(bytes32 mandate)',
  'function requestDeposit(uint256 assets, address controller, address owner) returns (uint256)',
  'function requestRedeem(uint256 shares, address controller, address owner) returns (uint256)',
  'function mint(uint256 shares, address receiver, address controller) returns (uint256)',
  'function withdraw(uint256 assets, address receiver, address controller) returns (uint256)',
  'function maxMint(address controller) view returns (uint256)',
  'function maxWithdraw(address controller) view returns (uint256)',
  'function balanceOf(address holder) view returns (uint256)',
  'function totalSupply() view returns (uint256)',
  'function convertToAssets(uint256 shares) view returns (uint256)',
  'function reserve() view returns (uint256)',
  'function pendingAssets() view returns (uint256)',
  'function owedAssets() view returns (uint256)',
  'function round() view returns (uint64)',
  'function roundSettled() view returns (uint64)',
  'function spokeOf(uint32 domain) view returns (bytes32 spoke, uint64 sequence, uint64 time, bool jumped, int256 own)',
  'function worth(uint256 since) view returns (uint256 low, uint256 high)',
  'function pauseAll() payable',
]);

/** Each transaction a block of its own, at once: some twenty of them would take as many seconds. */
async function quickly(urls, work) {
  const all = (method, value) => Promise.all(urls.map((url) => rpc(url, method, [value])));
  await all('evm_setIntervalMining', 0);
  await all('evm_setAutomine', true);
  try {
    return await work();
  } finally {
    await all('evm_setAutomine', false);
    await all('evm_setIntervalMining', BLOCK_SECONDS);
  }
}

export class Hub {
  constructor(devnet) {
    const [chain] = devnet.chains;
    Object.assign(this, { devnet, chain, accounts: deriveAccounts() });
  }

  /** Deploys it and makes it the one that every spoke reports to. */
  open() {
    const { chain, accounts, devnet } = this;
    const artifacts = loadArtifacts();
    const owner = accounts.owner.address;
    const deployer = (at) => new Deployer(at.httpUrl, accounts.deployer.address, artifacts);
    return quickly(devnet.chains.map(({ httpUrl }) => httpUrl), async () => {
      const at = deployer(chain);
      this.address = await at.create('Hub', chain.mailbox, chain.ismJudge, rolesOf(accounts),
        chain.stablecoin, ASSET_ID, 'Devnet shares', 'SHARE');
      await Promise.all([this.#connect(at, owner), ...devnet.chains.map((other) =>
        deployer(other).sendAs(owner, 'Spoke', other.spoke, 'setHub', chain.domain, pad(this.address, { size: 32 })))]);
    });
  }

  async #connect(deployer, owner) {
    const { chain, accounts, devnet } = this;
    const set = (...args) => deployer.sendAs(owner, 'Hub', this.address, ...args);
    const pricing = { first: chain.price1, second: chain.price2, firstAgeMax: PRICE_AGE_MAX,
      secondAgeMax: PRICE_AGE_MAX, divergenceBpsMax: 100 };
    await set('setIsm', chain.ism, [accounts.validators[0].address]);
    for (const { domain, spoke } of devnet.chains) {
      await set('setSpoke', domain, pad(spoke, { size: 32 }));
    }
    await set('setAssetTerms', { id: ASSET_ID, decimals: TOKEN_DECIMALS, pricing });
    await set('setReportTerms', REPORT_TERMS);
    await set('setTerms', { depositMin: tokens(1), priceJumpBpsMax: PRICE_JUMP_BPS_MAX,
      feeBpsPerYear: FEE_BPS_PER_YEAR, feeReceiver: accounts.beneficiary.address,
      cancelAfter: CANCEL_AFTER_SECONDS });
  }

  begin(mandate) {
    return this.send('begin', [mandate], this.accounts.owner.address);
  }

  send(functionName, args, from, value = 0n) {
    return sendContract(this.chain.httpUrl, { from, to: this.address, abi: hubAbi, functionName, args, value });
  }

  read(functionName, ...args) {
    return callContract(this.chain.httpUrl, this.address, hubAbi, functionName, args);
  }
}
