"""The detectors written down as plainly as possible, pixel by pixel, to check the fast ones against."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def spectra(shape=(18, 20), bands=12, seed=0, dtype=np.float64):
    """A scene of two materials with correlated noise and a few strange pixels; returns cube and mask."""
    rng = np.random.default_rng(seed)
    materials = rng.uniform(100, 300, size=(2, bands))
    share = ndimage.gaussian_filter(rng.normal(size=shape), 2) > 0
    noise = rng.normal(size=(*shape, bands)) @ rng.normal(size=(bands, bands)) * 2
    cube = np.where(share[..., None], materials[0], materials[1]) + noise
    mask = np.zeros(shape, dtype=np.uint8)
    for row, column in ((4, 5), (shape[0] - 1, 0), (shape[0] // 2, shape[1] - 3)):
        cube[row, column] += rng.normal(0, 60, size=bands)
        mask[row, column] = 1
    return cube.astype(dtype), mask


def global_rx(cube):
    flat = cube.reshape(-1, cube.shape[2]).astype(np.float64)
    inverse = np.linalg.inv(np.cov(flat.T))
    away = flat - flat.mean(axis=0)
    return np.array([x @ inverse @ x for x in away]).reshape(cube.shape[:2])


def start(position, side, length):
    """First pixel of a window that is centred where it can be and pushed inwards at the border."""
    return min(max(position - side // 2, 0), length - side)


def ring(row, column, shape, inner, outer):
    """(H, W) bool: the background of a pixel."""
    found = np.zeros(shape, dtype=bool)
    for side, value in ((outer, True), (inner, False)):
        top, left = start(row, side, shape[0]), start(column, side, shape[1])
        found[top : top + side, left : left + side] = value
    return found


def local_rx(cube, inner, outer, components):
    flat = cube.reshape(-1, cube.shape[2]).astype(np.float64)
    variances, axes = np.linalg.eigh(np.cov(flat.T))
    white = (flat - flat.mean(axis=0)) @ axes[:, ::-1][:, :components] / np.sqrt(variances[::-1][:components])
    white = white.reshape(*cube.shape[:2], components)
    scores = np.empty(cube.shape[:2])
    for row, column in np.ndindex(*scores.shape):
        background = white[ring(row, column, scores.shape, inner, outer)]
        away = white[row, column] - background.mean(axis=0)
        scores[row, column] = away @ np.linalg.inv(np.cov(background.T) + 1e-6 * np.eye(components)) @ away
    return scores


def collaborative(cube, inner, outer, ridge):
    """As one least-squares problem with the penalty as further equations, which avoids the normal equations."""
    cube = cube / np.sqrt(np.mean(cube.astype(np.float64) ** 2))
    scores = np.empty(cube.shape[:2])
    for row, column in np.ndindex(*scores.shape):
        pixel = cube[row, column]
        background = cube[ring(row, column, scores.shape, inner, outer)]
        penalty = np.sqrt(ridge) * np.diag(np.linalg.norm(background - pixel, axis=1))
        system = np.concatenate([background.T, penalty])
        weights = np.linalg.lstsq(system, np.concatenate([pixel, np.zeros(len(background))]), rcond=None)[0]
        scores[row, column] = np.linalg.norm(pixel - weights @ background)
    return scores


def area_opening(image, area):
    """The highest level at which a pixel still belongs to a set of at least ``area`` pixels joined by their sides."""
    result = np.full(image.shape, image.min())
    for level in np.unique(image):
        labels, _ = ndimage.label(image >= level)
        sizes = np.bincount(labels.ravel())
        result[(labels > 0) & (sizes[labels] >= area)] = level
    return result


def guided_filter(guide, image, radius, smoothing):
    """He, Sun and Tang, equations 5, 6 and 8, window by window."""

    def windows(values):
        padded = np.pad(values, radius, mode="symmetric")
        return np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1, 2 * radius + 1)).reshape(
            *values.shape, -1
        )

    guides, images = windows(guide), windows(image)
    slope, offset = np.empty(guide.shape), np.empty(guide.shape)
    for at in np.ndindex(*guide.shape):
        joint = np.cov(guides[at], images[at], bias=True)
        slope[at] = joint[0, 1] / (joint[0, 0] + smoothing)
        offset[at] = images[at].mean() - slope[at] * guides[at].mean()
    return windows(slope).mean(axis=2) * guide + windows(offset).mean(axis=2)
