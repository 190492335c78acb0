// SPDX-License-Identifier: Apache-2.0
//
// The functions and events that these programs use.

import { requirePackage } from './packages.mjs';

const { parseAbi } = requirePackage('viem/utils');

export const mailboxAbi = parseAbi([
  'event Dispatch(address indexed, uint32 indexed, bytes32 indexed, bytes message)',
  'event ProcessId(bytes32 indexed messageId)',
  'function nonce() view returns (uint32)',
  'function localDomain() view returns (uint32)',
  'function deployedBlock() view returns (uint256)',
  'function delivered(bytes32 id) view returns (bool)',
  'function dispatch(uint32 destination, bytes32 recipient, bytes body) payable returns (bytes32)',
  'function quoteDispatch(uint32 domain, bytes32 recipient, bytes body) view returns (uint256)',
  'function process(bytes metadata, bytes message) payable',
]);

export const treeAbi = parseAbi([
  'event InsertedIntoTree(bytes32 messageId, uint32 index)',
  'function latestCheckpoint() view returns (bytes32 root, uint32 index)',
  'function count() view returns (uint32)',
]);

export const routerAbi = parseAbi([
  'struct Quote { address token; uint256 amount; }',
  'event CollateralMoved(uint32 indexed domain, bytes32 to, uint256 amount, address indexed by)',
  'function transferRemote(uint32 domain, bytes32 recipient, uint256 amount) payable',
  'function quoteTransferRemote(uint32, bytes32, uint256) view returns (Quote[])',
  'function quoteGasPayment(uint32 destination) view returns (uint256)',
  'function rebalance(uint32 domain, uint256 amount, address bridge) payable',
  'function isAllowedRebalancer(address rebalancer) view returns (bool)',
  'function allowedBridges(uint32 domain) view returns (address[])',
  'function routers(uint32 domain) view returns (bytes32)',
]);

export const tokenAbi = parseAbi([
  'function balanceOf(address holder) view returns (uint256)',
  'function totalSupply() view returns (uint256)',
  'function transfer(address to, uint256 amount) returns (bool)',
  'function approve(address spender, uint256 amount) returns (bool)',
]);

export const vaultAbi = parseAbi([
  'function totalAssets() view returns (uint256)',
  'function totalSupply() view returns (uint256)',
  'function balanceOf(address holder) view returns (uint256)',
  'function convertToAssets(uint256 shares) view returns (uint256)',
  'function deposit(uint256 assets, address receiver) returns (uint256)',
  'function redeem(uint256 shares, address receiver, address owner) returns (uint256)',
]);

export const senderAbi = parseAbi([
  'function dispatchMany(address mailbox, uint32 domain, bytes32, uint256 count) payable',
  'function transferMany(address router, uint32 domain, bytes32, uint256, uint256) payable',
]);

export const paymasterAbi = parseAbi([
  'function quoteGasPayment(uint32 destination, uint256 gas) view returns (uint256)',
  'function payForGas(bytes32 id, uint32 destination, uint256 gas, address refund) payable',
]);

export const announceAbi = parseAbi([
  'function getAnnouncedValidators() view returns (address[])',
]);
