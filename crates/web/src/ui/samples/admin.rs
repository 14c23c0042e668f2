//! Samples of the pages for administrators.

use crate::ui::admin::{AdminPage, groups};
use crate::ui::frame::{Frame, Here};

impl AdminPage {
    pub(crate) fn sample() -> AdminPage {
        AdminPage {
            frame: Frame::staff_sample(Here::Admin),
            groups: groups(),
        }
    }
}
