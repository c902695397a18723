use super::scale::Scale;
use super::text::Escaped;
use std::fmt::{self, Write};

/// A rectangle with two axes in an SVG picture. Units are the picture's own, about a pixel each.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Scale,
    pub y: Scale,
}

impl Plot {
    pub fn x(&self, value: f64) -> f64 {
        self.left + self.width * self.x.share(value)
    }

    pub fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - self.y.share(value))
    }

    /// Lines across at the ticks of the vertical axis, with their names, and what they measure above.
    pub fn vertical_axis(&self, out: &mut String, title: &str, name: impl Fn(f64) -> String) -> fmt::Result {
        let right = self.left + self.width;
        for tick in self.y.ticks() {
            let (at, left) = (self.y(tick), self.left);
            writeln!(out, r#"<line class="grid" x1="{left:.1}" x2="{right:.1}" y1="{at:.1}" y2="{at:.1}"/>"#)?;
            let (x, y, name) = (left - 6.0, at + 3.5, name(tick));
            writeln!(out, r#"<text class="end" x="{x:.1}" y="{y:.1}">{}</text>"#, Escaped(name))?;
        }
        writeln!(out, r#"<text class="axis" x="{:.1}" y="{:.1}">{}</text>"#, self.left, self.top - 7.0, Escaped(title))
    }

    /// Marks along the lower edge.
    pub fn horizontal_axis(&self, out: &mut String, ticks: &[(f64, String)]) -> fmt::Result {
        let (top, bottom) = (self.top, self.top + self.height);
        for (value, name) in ticks {
            let at = self.x(*value);
            writeln!(out, r#"<line class="grid" x1="{at:.1}" x2="{at:.1}" y1="{top:.1}" y2="{bottom:.1}"/>"#)?;
            writeln!(out, r#"<text class="middle" x="{at:.1}" y="{:.1}">{}</text>"#, bottom + 14.0, Escaped(name))?;
        }
        let (left, right) = (self.left, self.left + self.width);
        writeln!(out, r#"<line class="base" x1="{left:.1}" x2="{right:.1}" y1="{bottom:.1}" y2="{bottom:.1}"/>"#)
    }

    /// A line through points; `None` interrupts it, and a point alone is a dot.
    pub fn line(&self, out: &mut String, class: &str, points: &[Option<(f64, f64)>]) -> fmt::Result {
        for piece in points.split(Option::is_none) {
            let at: Vec<_> = piece.iter().flatten().map(|(x, y)| (self.x(*x), self.y(*y))).collect();
            match at[..] {
                [] => {}
                [(x, y)] => writeln!(out, r#"<circle class="dot {class}" cx="{x:.1}" cy="{y:.1}" r="2"/>"#)?,
                _ => {
                    let words: Vec<_> = at.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
                    writeln!(out, r#"<polyline class="line {class}" points="{}"/>"#, words.join(" "))?;
                }
            }
        }
        Ok(())
    }
}

/// A picture of this size with what `draw` puts in; `label` says in words what it shows.
pub fn picture(
    width: f64,
    height: f64,
    label: &str,
    draw: impl FnOnce(&mut String) -> fmt::Result,
) -> Result<String, fmt::Error> {
    let mut out = String::new();
    writeln!(out, r#"<svg viewBox="0 0 {width} {height}" role="img" aria-label="{}">"#, Escaped(label))?;
    draw(&mut out)?;
    out.push_str("</svg>\n");
    Ok(out)
}

/// Names of what is drawn, each with its colour, from `x` on.
pub fn legend(out: &mut String, x: f64, y: f64, names: &[(&str, &str)]) -> fmt::Result {
    let mut at = x;
    for (class, name) in names {
        writeln!(out, r#"<rect class="fill {class}" x="{at:.1}" y="{:.1}" width="10" height="10" rx="2"/>"#, y - 9.0)?;
        writeln!(out, r#"<text x="{:.1}" y="{y:.1}">{}</text>"#, at + 14.0, Escaped(name))?;
        at += 30.0 + 6.2 * name.chars().count() as f64;
    }
    Ok(())
}
