//! An independent monitor of a node. spec: `monitor`
