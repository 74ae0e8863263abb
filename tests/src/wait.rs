//! Waiting for a condition. The only pause of the harness is the interval between two looks.

use std::time::{Duration, Instant};

/// Between two looks: short against every deadline of a story, long against a look.
const INTERVAL: Duration = Duration::from_millis(20);

/// Looks until `look` gives something; panics with `what` when `within` is over.
pub async fn until<T>(within: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// `eventually!(seconds, "what is awaited", expression)`: the expression is an `Option`, looked at until it is `Some`.
/// It may await.
#[macro_export]
macro_rules! eventually {
    ($seconds:expr, $what:expr, $look:expr) => {
        $crate::wait::until(std::time::Duration::from_secs_f64(f64::from($seconds)), &$what, async || $look).await
    };
}

/// `true` as something, for [`eventually!`].
#[must_use]
pub fn holds(condition: bool) -> Option<()> {
    condition.then_some(())
}
