//! Work on pictures (tones, scaling, encoding) waits for its turn, runs off the async threads, and within a time.

use super::{asker::Desk, error::Problem};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// Time for one picture; the largest take about 2 s.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Runs decoding work in its turn, off the async threads, within its time.
pub(crate) async fn run<T, F>(desk: &Desk, work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    let turn =
        desk.decodes.clone().acquire_owned().await.map_err(|_| Problem::Internal("the door is closed".to_owned()))?;
    let task = desk.door.tasks.spawn_blocking("dicomweb-decode", move || {
        // Held by the work itself: a frame that runs out of time still counts until it ends.
        let _turn = turn;
        catch_unwind(AssertUnwindSafe(work))
    });
    match tokio::time::timeout(TIME_MAX, task).await {
        Ok(Ok(Ok(result))) => result,
        Ok(Ok(Err(_)) | Err(_)) => {
            tracing::warn!("a picture codec failed");
            Err(Problem::NotAcceptable("the frame cannot be shown here; retrieve it as it is stored"))
        }
        Err(_) => Err(Problem::NotAcceptable("the frame takes too long to be decoded here")),
    }
}
