// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// The modulus r of the scalar field of BN254, over which Baby Jubjub lies.
uint256 constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

/// @title Membership in the prime subgroup of Baby Jubjub
/// @dev `x^2 + y^2 = 1 + d x^2 y^2`, the form with a = 1. spec: `params.curve`
library BabyJubjub {
    uint256 private constant D = 9706598848417545097372247223557719406784115219466060233080913168975159366771;

    /// Whether (x, y) is in the prime subgroup and not the identity, shown by
    /// a point (u, v) of the curve that is an eighth of it: the curve has
    /// order 8 l, so the multiples of 8 are exactly the prime subgroup.
    function isKey(uint256 x, uint256 y, uint256 u, uint256 v) internal pure returns (bool) {
        if (x == 0 || x >= R || y >= R || u >= R || v >= R || !_onCurve(u, v)) return false;
        uint256 w = 1;
        for (uint256 i = 0; i < 3; ++i) {
            (u, v, w) = _double(u, v, w);
        }
        return mulmod(x, w, R) == u && mulmod(y, w, R) == v;
    }

    function _onCurve(uint256 x, uint256 y) private pure returns (bool) {
        uint256 xx = mulmod(x, x, R);
        uint256 yy = mulmod(y, y, R);
        return addmod(xx, yy, R) == addmod(1, mulmod(D, mulmod(xx, yy, R), R), R);
    }

    /// In projective coordinates (dbl-2008-bbjlp). F and J are never 0 for a
    /// point of the curve, since d is not a square.
    function _double(uint256 x, uint256 y, uint256 z) private pure returns (uint256, uint256, uint256) {
        uint256 c = mulmod(x, x, R);
        uint256 d = mulmod(y, y, R);
        uint256 f = addmod(c, d, R);
        uint256 j = addmod(f, R - mulmod(2, mulmod(z, z, R), R), R);
        uint256 twoXY = mulmod(2, mulmod(x, y, R), R);
        return (mulmod(twoXY, j, R), mulmod(f, addmod(c, R - d, R), R), mulmod(f, j, R));
    }
}
