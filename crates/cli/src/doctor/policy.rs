//! Rules and policy, as a process that is started here would judge by them.

use super::Report;
use crate::check::judge::{Differs, differs, loaded};
use crate::surroundings::Surroundings;

/// Looks at what no daemon has told already; `status`: what one that answers says of itself.
pub(super) fn look(around: &Surroundings, status: Option<&[String]>, report: &mut Report) {
    let engine = match (loaded(around), status) {
        (Ok(engine), _) => engine,
        (Err(problems), None) => {
            for problem in problems {
                let mend = match problem.help.starts_with("chmod ") {
                    true => problem.help.clone(),
                    false => format!("edit {}", problem.file),
                };
                let what = problem.to_string().replace("\n  help: ", "; ");
                report.problem(format!("rules or policy cannot be used: {what}"), mend);
            }
            return;
        }
        // It told them, or judges by older ones that are in order.
        (Err(_), Some(_)) => return,
    };
    let Some(status) = status else {
        for idle in engine.idle(crate::today::utc()) {
            report.note(idle);
        }
        return;
    };
    if around.extra_config().is_some() && differs(&engine, status) == Differs::Yes {
        report.problem(
            "LYCHGATE_CONFIG is set, and the daemon judges without it",
            "lychgate daemon stop; lychgate daemon start",
        );
    }
}
