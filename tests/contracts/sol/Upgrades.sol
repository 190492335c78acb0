// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

// Proxies for the tests, compiled from OpenZeppelin's sources.
import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";

contract Beacon is UpgradeableBeacon {
    constructor(address first, address owner) UpgradeableBeacon(first, owner) {}
}

contract Proxy is BeaconProxy {
    constructor(address beacon) BeaconProxy(beacon, "") {}
}
