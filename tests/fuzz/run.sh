#!/bin/bash
# Runs fuzz targets with the stable toolchain: LLVM's coverage is a pass that any rustc can be asked for, and libFuzzer comes
# with libfuzzer-sys (a C++ compiler builds it). No sanitizer: the code under test has no unsafe of its own.
#
#   tests/fuzz/run.sh build              builds all targets
#   tests/fuzz/run.sh run SECONDS [T..]  each target named, or each of all, for so many seconds; findings in artifacts/T
#   tests/fuzz/run.sh keep [T..]         what was reached, minimised, becomes the corpus; look at it before it is committed
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${CARGO_TARGET_DIR:-$here/../../target}/fuzz
bin=$out/release
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Coverflow-checks"

all() { (cd "$here/targets" && ls) | sed 's/[.]rs$//'; }

what=${1:-build}
[ $# -eq 0 ] || shift
case $what in
  build)
    # Build scripts and macros run here and must not be instrumented: a target makes cargo tell them apart.
    host=$(rustc -vV | sed -n 's/^host: //p')
    RUSTFLAGS="$coverage" ${CARGO:-cargo} build --manifest-path "$here/Cargo.toml" --release --locked \
      --target "$host" --target-dir "$out"
    mkdir -p "$bin"
    for name in $(all); do ln -sf "$out/$host/release/$name" "$bin/$name"; done
    ;;
  run)
    seconds=$1
    shift
    for name in ${*:-$(all)}; do
      work=$out/corpus/$name
      mkdir -p "$work" "$here/artifacts/$name"
      echo "== $name"
      nice -n 19 "$bin/$name" "$work" "$here/corpus/$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
        -rss_limit_mb=2048 -artifact_prefix="$here/artifacts/$name/" -print_final_stats=1 2>&1 |
        grep -E 'SUMMARY|panicked|stat::number_of_executed_units|stat::peak_rss_mb|DONE|INITED' || true
    done
    ;;
  keep)
    for name in ${*:-$(all)}; do
      fresh=$out/minimised/$name
      rm -rf "$fresh" && mkdir -p "$fresh"
      "$bin/$name" -merge=1 -max_len=4096 "$fresh" "$here/corpus/$name" "$out/corpus/$name" 2>/dev/null
      echo "$name: $(ls "$fresh" | wc -l) inputs in $fresh"
    done
    ;;
  *)
    sed -n 's/^#   //p' "$0"
    exit 2
    ;;
esac
