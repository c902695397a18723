//! A log's disk that has done everything when it is asked.

use super::error::StageError;
use lakehead_engine::log::{Log, LogAction, LogEvent};

/// Has the log do all that it wants at this time, until it wants nothing more.
///
/// # Errors
/// When the log gives up.
pub fn settle(log: &mut Log, now_us: u64, actions: &mut Vec<LogAction>) -> Result<(), StageError> {
    loop {
        log.actions(now_us, actions);
        if actions.is_empty() {
            return Ok(());
        }
        for action in actions.drain(..) {
            log.on(match action {
                LogAction::MakeSpare { number, .. } => LogEvent::SpareMade { number, result: Ok(()) },
                LogAction::OpenSegment { number, .. } => LogEvent::SegmentOpened { number },
                LogAction::Write { ticket, block, .. } => LogEvent::Written { ticket, block },
                LogAction::Sync { ticket, .. } => LogEvent::Synced { ticket },
                LogAction::Retire { segment, .. } => LogEvent::Retired { segment },
                LogAction::Delete { segment } => LogEvent::Deleted { segment },
                LogAction::DeleteSpare { spare } => LogEvent::SpareDeleted { spare },
                LogAction::Read { .. } => return Err(StageError::Stuck("it wants to read what is not kept".into())),
                LogAction::Stop { why } => return Err(StageError::Stuck(why)),
            });
        }
    }
}
