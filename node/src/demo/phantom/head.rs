//! A head, as a function of place: which tissue is at (x, y, z) in millimetres.
//!
//! x grows to the patient's left, y to the back, z upwards (the DICOM patient system); the origin lies between the
//! lateral ventricles. Shapes are ellipsoids bent by noise, the cortex is folded by ridged noise. It is no atlas; it is
//! made so that windowing, scrolling and comparing with a prior feel as they do with a real examination.

use super::noise::{Noise, step};

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tissue {
    Air,
    Skin,
    Fat,
    Muscle,
    Compact,
    Spongy,
    Fluid,
    Grey,
    White,
    Cerebellum,
    Dura,
    Blood,
    Oedema,
    Vitreous,
    Lens,
    Calcified,
    Mucosa,
    Foam,
    Lesion,
}

/// A head with its findings.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    noise: Noise,
    /// A bleeding into the right basal ganglia.
    pub(crate) bleeding: bool,
    /// Small lesions of the white matter.
    pub(crate) lesions: bool,
    /// Wider ventricles and sulci, 1 is young.
    pub(crate) age: f32,
}

/// A place relative to an ellipsoid: below 1 inside.
fn inside(p: [f32; 3], centre: [f32; 3], axes: [f32; 3]) -> f32 {
    let [x, y, z] = [0, 1, 2].map(|i: usize| (p[i] - centre[i]) / axes[i]);
    (x * x + y * y + z * z).sqrt()
}

/// Turns a place around a vertical axis through `centre`.
fn turned(p: [f32; 3], centre: [f32; 3], degrees: f32) -> [f32; 3] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (x, y) = (p[0] - centre[0], p[1] - centre[1]);
    [centre[0] + x * cos + y * sin, centre[1] - x * sin + y * cos, p[2]]
}

impl Head {
    pub(crate) fn new(seed: u64) -> Self {
        Self { noise: Noise::new(seed), bleeding: false, lesions: false, age: 1.0 }
    }

    /// The tissue at a place.
    pub(crate) fn tissue(&self, x: f32, y: f32, z: f32) -> Tissue {
        // Nobody lies quite straight in the scanner, and nobody is symmetrical.
        let p = turned([x + 0.03 * z, y, z], [0.0; 3], 2.5);
        let far = inside(p, [0.0, 0.0, 0.0], [86.0, 108.0, 112.0]);
        if far > 1.12 {
            return self.rest(x, y);
        }
        let bend = |k: f32| self.noise.at(p[0] / 38.0 + k, p[1] / 38.0, p[2] / 38.0) * 2.2;
        let p = [p[0] + bend(0.0), p[1] + bend(11.0), p[2] + bend(23.0)];
        // `m`: mirrored, so that paired organs are written once.
        let m = [p[0].abs(), p[1], p[2]];
        let depth = self.depth(p);
        if depth < 0.0 {
            return if self.is_nose(p) { Tissue::Skin } else { self.rest(x, y) };
        }
        if depth < 1.4 && p[2] < -50.0 {
            return Tissue::Skin;
        }
        self.face(p, m, depth).or_else(|| self.wall(p, depth)).unwrap_or_else(|| self.brain(p, m, depth))
    }

    /// The head rest of the scanner, a shell of foam.
    fn rest(&self, x: f32, y: f32) -> Tissue {
        let r = ((x / 95.0).powi(2) + ((y + 6.0) / 112.0).powi(2)).sqrt();
        if y > 22.0 && (1.03..1.075).contains(&r) { Tissue::Foam } else { Tissue::Air }
    }

    /// Millimetres below the skin, along the radius.
    fn depth(&self, p: [f32; 3]) -> f32 {
        let down = p[2] < 0.0;
        let height = if down { 128.0 } else { 91.0 };
        // Narrower in front than behind, as a skull is.
        let width = 76.0 - 7.0 * step(10.0, -80.0, p[1]);
        let length =
            if p[1] < 0.0 { 94.0 + 6.0 * step(-20.0, -60.0, p[2]) } else { 97.0 - 14.0 * step(-20.0, -70.0, p[2]) };
        let [x, y, z] = [p[0] / width, p[1] / length, p[2] / height];
        let r = (x.abs().powf(2.25) + y.abs().powf(2.25) + z.abs().powf(2.2)).powf(0.45);
        let size = (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt();
        if r < 1e-3 { 80.0 } else { size * (1.0 / r - 1.0) }
    }

    fn is_nose(&self, p: [f32; 3]) -> bool {
        inside(p, [0.0, -95.0, -64.0], [8.0 + 0.18 * (p[1] + 95.0), 19.0, 20.0]) < 1.0
            || inside([p[0].abs(), p[1], p[2]], [74.0, 14.0, -38.0], [8.0, 14.0, 20.0]) < 1.0
    }

    /// Orbits, sinuses, nose, petrous bones: the lower slices.
    fn face(&self, p: [f32; 3], m: [f32; 3], depth: f32) -> Option<Tissue> {
        if p[2] > 8.0 {
            return None;
        }
        self.orbit(m).or_else(|| self.sinuses(p, m, depth)).or_else(|| (depth > 5.0).then(|| self.base(p, m)).flatten())
    }

    fn orbit(&self, m: [f32; 3]) -> Option<Tissue> {
        let eye = [31.5, -73.0, -38.0];
        let globe = inside(m, eye, [12.2, 12.2, 12.2]);
        if globe < 1.0 {
            let lens = inside(m, [31.5, -82.0, -38.0], [4.6, 2.2, 4.6]);
            return Some(match (lens < 1.0, globe > 0.9) {
                (true, _) => Tissue::Lens,
                (_, true) => Tissue::Muscle,
                _ => Tissue::Vitreous,
            });
        }
        // The cone of fat with the optic nerve and the muscles along its walls, turned towards the apex.
        let cone = turned(m, [20.0, -42.0, -38.0], 14.0);
        let wall = inside(cone, [23.0, -60.0, -38.0], [17.0, 31.0, 16.5]);
        if wall > 1.09 || m[1] < -88.0 {
            return None;
        }
        if wall > 1.0 {
            return (m[1] > -78.0).then_some(Tissue::Compact);
        }
        let along = (m[1] + 62.0) / 40.0;
        let nerve = [31.5 - 18.0 * along.max(0.0), -38.0 + 2.0 * along];
        let off = ((m[0] - nerve[0]).powi(2) + (m[2] - nerve[1]).powi(2)).sqrt();
        let muscle = (0.74..0.95).contains(&wall) && m[1] > -68.0 && (m[2] + 38.0).abs() < 5.0;
        let muscle = muscle || ((0.74..0.95).contains(&wall) && m[1] > -66.0 && (cone[0] - 23.0).abs() < 5.0);
        Some(if off < 2.3 && m[1] > -62.0 || muscle { Tissue::Muscle } else { Tissue::Fat })
    }

    fn sinuses(&self, p: [f32; 3], m: [f32; 3], depth: f32) -> Option<Tissue> {
        let wave = self.noise.at(p[0] / 9.0, p[1] / 9.0, p[2] / 9.0) * 0.12;
        let shell = |r: f32, thickness: f32| match r {
            r if r < 1.0 - thickness => Some(Tissue::Air),
            r if r < 1.0 - thickness * 0.45 => Some(Tissue::Mucosa),
            r if r < 1.0 + thickness * 0.6 => Some(Tissue::Compact),
            _ => None,
        };
        let frontal = inside(m, [11.0, -83.0, -9.0], [12.0, 6.5, 13.0]) + wave;
        let sphenoid = inside(m, [8.0, -27.0, -42.0], [8.5, 12.0, 10.0]) + wave;
        let maxillary = inside(m, [29.0, -58.0, -74.0], [16.0, 18.0, 17.0]) + wave;
        if depth > 5.0
            && let Some(found) = shell(frontal, 0.22)
        {
            return Some(found);
        }
        if let Some(found) = shell(sphenoid, 0.2).or_else(|| shell(maxillary, 0.12)) {
            return Some(found);
        }
        // Nose and ethmoid: cells of air between thin walls.
        let nasal = inside(m, [0.0, -62.0, -50.0], [15.5, 26.0, 30.0]) + wave;
        if nasal > 1.05 {
            return None;
        }
        if nasal > 0.95 || m[0] < 1.1 {
            return Some(Tissue::Spongy);
        }
        let cells = self.noise.at(p[0] / 4.2 + 3.0, p[1] / 5.5, p[2] / 5.0).abs();
        Some(if cells < 0.11 { Tissue::Mucosa } else { Tissue::Air })
    }

    fn base(&self, p: [f32; 3], m: [f32; 3]) -> Option<Tissue> {
        let petrous = turned(m, [42.0, 18.0, -44.0], 32.0);
        let r = inside(petrous, [42.0, 18.0, -44.0], [33.0, 8.5, 9.5]);
        if r < 1.0 {
            // Inner ear and canal.
            let canal = inside(m, [30.0, 14.0, -43.0], [7.0, 2.4, 2.6]);
            let middle = inside(m, [50.0, 16.0, -46.0], [6.0, 4.0, 5.0]);
            return Some(if canal < 1.0 {
                Tissue::Fluid
            } else if middle < 1.0 {
                Tissue::Air
            } else {
                Tissue::Compact
            });
        }
        let mastoid = inside(m, [57.0, 36.0, -54.0], [13.0, 17.0, 22.0]);
        if mastoid < 1.0 {
            let cells = self.noise.at(p[0] / 2.6, p[1] / 2.6, p[2] / 2.6);
            return Some(if mastoid < 0.85 && cells > 0.05 { Tissue::Air } else { Tissue::Compact });
        }
        let clivus = inside(p, [0.0, -8.0 - (p[2] + 60.0) * 0.35, -56.0], [13.0, 6.0, 24.0]);
        let wing = inside(m, [34.0, -36.0 + 0.15 * (m[0] - 34.0), -33.0], [27.0, 3.6, 5.5]);
        if clivus < 1.0 || wing < 1.0 {
            return Some(if clivus < 0.75 { Tissue::Spongy } else { Tissue::Compact });
        }
        // Below the base in front: muscles and fat of the face.
        let floor = -47.0 + 16.0 * step(-5.0, -45.0, p[1]) + 9.0 * step(-45.0, -80.0, p[1]);
        if p[2] < floor && p[1] < 12.0 {
            let cheek = self.noise.rough(p[0] / 15.0, p[1] / 15.0, p[2] / 15.0);
            if p[2] > floor - 3.5 {
                return Some(Tissue::Compact);
            }
            let jaw = inside(m, [50.0, -12.0, -78.0], [4.0, 15.0, 40.0]);
            return Some(if jaw < 1.0 {
                Tissue::Compact
            } else if cheek > 0.12 {
                Tissue::Fat
            } else {
                Tissue::Muscle
            });
        }
        None
    }

    /// Scalp, muscle and the three layers of the skull.
    fn wall(&self, p: [f32; 3], depth: f32) -> Option<Tissue> {
        let wave = self.noise.at(p[0] / 22.0, p[1] / 22.0 + 9.0, p[2] / 22.0);
        let temporal = step(5.0, -35.0, p[2]) * step(45.0, 60.0, p[0].abs()) * step(50.0, 15.0, p[1]);
        let nape = step(-25.0, -60.0, p[2]) * step(45.0, 75.0, p[1]);
        let scalp = 5.2 + wave + 7.0 * temporal + 14.0 * nape;
        if depth < 1.4 {
            return Some(Tissue::Skin);
        }
        if depth < scalp {
            let muscle = temporal + nape > 0.2 && depth > 3.5;
            return Some(if muscle { Tissue::Muscle } else { Tissue::Fat });
        }
        let skull = 6.6 + 1.3 * wave + 2.5 * step(70.0, 90.0, p[1].abs()) - 2.6 * temporal;
        let into = (depth - scalp) / skull;
        match into {
            i if i < 0.27 => Some(Tissue::Compact),
            i if i < 0.72 => {
                let marrow = self.noise.at(p[0] / 3.0, p[1] / 3.0, p[2] / 3.0) > -0.35 && skull > 5.0;
                Some(if marrow { Tissue::Spongy } else { Tissue::Compact })
            }
            i if i < 1.0 => Some(Tissue::Compact),
            i if i < 1.08 => Some(Tissue::Dura),
            _ => None,
        }
    }

    /// Everything inside the skull.
    fn brain(&self, p: [f32; 3], m: [f32; 3], depth: f32) -> Tissue {
        let temporal = step(5.0, -35.0, p[2]) * step(45.0, 60.0, m[0]) * step(50.0, 15.0, p[1]);
        let nape = step(-25.0, -60.0, p[2]) * step(45.0, 75.0, p[1]);
        let inner = depth - 12.4 - 4.0 * temporal - 14.0 * nape;
        self.finding(p)
            .or_else(|| self.ventricles(p, m))
            .or_else(|| self.posterior(p, m, inner))
            .or_else(|| self.nuclei(m))
            .unwrap_or_else(|| self.cortex(p, m, inner))
    }

    fn finding(&self, p: [f32; 3]) -> Option<Tissue> {
        let wave = self.noise.rough(p[0] / 9.0 + 4.0, p[1] / 9.0, p[2] / 9.0);
        if self.bleeding {
            let r = inside(turned(p, [-29.0, 0.0, 6.0], -14.0), [-29.0, 0.0, 6.0], [12.0, 20.0, 15.0]) + 0.2 * wave;
            if r < 1.0 {
                return Some(Tissue::Blood);
            }
            if r < 1.42 && p[0] < -11.0 {
                return Some(Tissue::Oedema);
            }
        }
        if self.lesions {
            const PLACES: [[f32; 4]; 9] = [
                [19.0, -22.0, 22.0, 4.0],
                [-18.0, 14.0, 25.0, 5.0],
                [24.0, 30.0, 18.0, 6.0],
                [-22.0, 36.0, 14.0, 4.0],
                [-25.0, -18.0, 26.0, 3.5],
                [16.0, 4.0, 28.0, 4.5],
                [-17.0, -4.0, 27.0, 3.0],
                [30.0, -8.0, 31.0, 3.5],
                [-29.0, 22.0, 30.0, 3.0],
            ];
            let near = |c: &[f32; 4]| inside(p, [c[0], c[1], c[2]], [c[3], c[3] * 1.5, c[3]]) + 0.25 * wave < 1.0;
            return PLACES.iter().any(near).then_some(Tissue::Lesion);
        }
        None
    }

    fn ventricles(&self, p: [f32; 3], m: [f32; 3]) -> Option<Tissue> {
        // The bleeding presses on its side.
        let squeezed = if self.bleeding && p[0] < 0.0 { 0.62 } else { 1.0 };
        let wide = self.age * squeezed;
        let frontal = inside(turned(m, [9.0, -28.0, 9.0], -16.0), [9.0, -27.0, 9.0], [4.6 * wide, 15.0, 9.0]);
        let body = inside(turned(m, [12.0, 4.0, 18.0], 8.0), [12.0, 4.0, 19.0], [5.6 * wide, 30.0, 6.5]);
        let atrium = inside(turned(m, [23.0, 34.0, 6.0], 20.0), [23.0, 34.0, 7.0], [6.6 * wide, 13.0, 12.0]);
        let occipital = inside(turned(m, [22.0, 48.0, 2.0], -8.0), [22.0, 49.0, 2.0], [3.6 * wide, 15.0, 5.0]);
        let horn = inside(turned(m, [33.0, 6.0, -20.0], 24.0), [33.0, 6.0, -20.0], [2.3 * wide, 15.0, 2.5]);
        let third = inside(m, [0.0, 3.0, -3.0], [2.2 * self.age, 13.0, 9.5]);
        let fourth = inside(m, [0.0, 41.0, -41.0], [8.5, 5.5, 8.0]);
        let plexus = inside(m, [23.0, 37.0, 6.0], [3.0, 4.4, 4.6]);
        let septum = m[0] < 0.8;
        if plexus < 1.0 && atrium < 1.0 {
            return Some(if plexus < 0.62 { Tissue::Calcified } else { Tissue::Grey });
        }
        if inside(p, [0.5, 24.0, -2.0], [2.0, 2.6, 2.0]) < 1.0 {
            return Some(Tissue::Calcified);
        }
        let filled = [frontal, body, atrium, occipital, horn].iter().any(|r| *r < 1.0) && !septum;
        if filled || third < 1.0 || fourth < 1.0 {
            // Blood that broke through settles at the back of a patient lying on it.
            let layered = self.bleeding && p[0] < 0.0 && p[1] > 47.0 && occipital < 1.0;
            return Some(if layered { Tissue::Blood } else { Tissue::Fluid });
        }
        None
    }

    /// Brain stem, cerebellum, their cisterns, and the tentorium above.
    fn posterior(&self, p: [f32; 3], m: [f32; 3], inner: f32) -> Option<Tissue> {
        let tent = -14.0 - 0.42 * (p[1] - 30.0).max(0.0) - 0.0045 * m[0] * m[0] * step(70.0, 20.0, p[1]);
        let stem =
            inside(p, [0.0, 22.0 + 0.16 * (p[2] + 40.0), p[2]], [14.0 - 4.0 * step(-30.0, -8.0, p[2]), 12.5, 1.0]);
        if p[2] < -6.0 && stem < 1.0 {
            return Some(Tissue::White);
        }
        let star = inside(m, [0.0, -4.0, -19.0], [13.0, 9.0, 6.5]) - 0.30 * (m[0] / 4.0 + p[1] / 6.0).sin();
        let gap = 1.13 + 0.16 * self.noise.at(p[0] / 8.0, p[1] / 8.0, p[2] / 12.0) + 0.14 * step(24.0, 36.0, p[1]);
        let around = p[2] < -12.0 && p[2] > -62.0 && stem < gap;
        if star < 1.0 || around {
            return Some(Tissue::Fluid);
        }
        if p[2] > tent || p[1] < 6.0 + 0.55 * m[0] {
            return None;
        }
        if p[2] > tent - 1.6 {
            return Some(Tissue::Dura);
        }
        if inner < 3.0 || p[2] > tent - 3.2 {
            return Some(Tissue::Fluid);
        }
        // Folia: thin leaves around the fourth ventricle.
        let r = inside(p, [0.0, 36.0, -44.0], [1.0, 0.8, 0.75]);
        let leaf = (r / 1.1 + 5.0 * self.noise.at(p[0] / 13.0, p[1] / 13.0, p[2] / 13.0)).sin();
        let vermis = m[0] < 3.0 && p[1] > 58.0;
        Some(if vermis || leaf > 0.93 && r > 20.0 && p[1] > 40.0 {
            Tissue::Fluid
        } else if r < 24.0 && m[0] > 8.0 {
            Tissue::White
        } else {
            Tissue::Cerebellum
        })
    }

    fn nuclei(&self, m: [f32; 3]) -> Option<Tissue> {
        let caudate = inside(turned(m, [15.0, -24.0, 9.0], -16.0), [15.0, -23.0, 9.0], [4.6, 11.0, 10.0]);
        let lentiform = inside(turned(m, [24.0, -5.0, 2.0], -14.0), [24.5, -5.0, 2.0], [6.6, 17.0, 10.0]);
        let thalamus = inside(turned(m, [11.0, 9.0, 3.0], 12.0), [11.0, 9.0, 3.0], [8.0, 14.0, 9.5]);
        let claustrum = (m[0] - 34.0 - 0.004 * m[1] * m[1]).abs() < 0.9 && m[1].abs() < 18.0 && m[2].abs() < 10.0;
        (caudate < 1.0 || lentiform < 1.0 || thalamus < 1.0 || claustrum).then_some(Tissue::Grey)
    }

    /// Grey and white matter, folded; the great fissures.
    fn cortex(&self, p: [f32; 3], m: [f32; 3], inner: f32) -> Tissue {
        let sway = self.noise.at(3.0, p[1] / 16.0, p[2] / 16.0) * 1.1;
        let midline = (p[0] - sway).abs();
        let above = p[2] > 24.0 || p[1].abs() > 32.0 + 0.6 * (24.0 - p[2]).clamp(0.0, 20.0);
        if midline < 0.8 && above && p[2] > -22.0 {
            return Tissue::Dura;
        }
        let fissure = if above { midline } else { 30.0 };
        // The Sylvian fissure with the insula at its bottom.
        let sylvian = (m[1] + 8.0 - 1.15 * m[2] + 0.3 * (m[0] - 50.0) + 5.0 * sway).abs() * 0.64;
        let sylvian = if m[0] > 39.0 && m[2].abs() < 19.0 { sylvian } else { 30.0 };
        let insula = (m[0] - 40.5 - 2.5 * sway - 0.006 * (m[1] + 2.0).powi(2)).abs();
        let insula = if (-20.0..17.0).contains(&m[1]) && m[2].abs() < 12.0 { insula } else { 30.0 };
        let outer = inner.min(fissure - 0.6).min(sylvian * 0.9).min(insula + 0.2);
        let warp = 0.35 * self.noise.at(p[0] / 24.0, p[1] / 24.0, p[2] / 24.0);
        let fold = self.noise.rough(p[0] / 11.0 + warp, p[1] / 11.0 - warp, p[2] / 13.0).abs();
        let reach = (1.0 - outer.max(0.0) / 25.0).max(0.0);
        let sulcus = 0.068 * self.age * reach.powf(0.55);
        if outer < 1.5 * self.age + 0.5 * sway || (reach > 0.0 && fold < sulcus) {
            return Tissue::Fluid;
        }
        let ribbon = outer < 4.6 || (reach > 0.0 && fold < sulcus + 0.14 * reach.powf(0.3));
        if ribbon { Tissue::Grey } else { Tissue::White }
    }
}
