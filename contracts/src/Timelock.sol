// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title OpenZeppelin's timelock with one account in every role
/// @dev `executor` alone proposes, cancels and executes; nobody administers
/// but the timelock itself, and `Executor` refuses proposals that call it. It
/// can be sent what the calls are to pay.
contract Timelock is TimelockController {
    constructor(uint256 delay, address[] memory executor)
        TimelockController(delay, executor, executor, address(0))
    {}
}
