// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Something to call, which fails until it is opened. For tests alone.
contract Target {
    error Shut();

    /// Calls of `act` by each account.
    mapping(address caller => uint256) public acted;
    bool public open;

    function setOpen(bool open_) external {
        open = open_;
    }

    function act() external payable {
        if (!open) revert Shut();
        acted[msg.sender] += 1;
    }
}
