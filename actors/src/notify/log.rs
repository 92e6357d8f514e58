//! The server's own log as a target: one structured line for each message.

use super::notice::Notice;
use super::target::{Target, Telling};
use tracing::info;

/// Its name.
pub const NAME: &str = "log";

/// Writes each message to the log, with the level `info` and the target `drumroll_notify`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogTarget;

impl Target for LogTarget {
    fn name(&self) -> &str {
        NAME
    }

    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
        Box::pin(async move {
            info!(
                target: "drumroll_notify",
                subject = notice.subject,
                position = notice.position,
                kind = notice.kind.as_str(),
                test = notice.test,
                notice = %notice.json(),
                "notification"
            );
            Ok(())
        })
    }
}
