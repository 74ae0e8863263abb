//! Opens, wires, runs and closes all parts (stub).
