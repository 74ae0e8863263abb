#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| node::fuzz::run("presence", bytes));
