// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Something to call, which calls something else the first time. For tests alone.
contract Caller {
    address private _target;
    bytes private _data;

    function set(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function act() external payable {
        address target = _target;
        if (target == address(0)) return;
        delete _target;
        (bool done, bytes memory answer) = target.call(_data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}
