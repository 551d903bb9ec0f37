"""进度与导出: progress by unit, the live overview, exports. Reads everything, changes nothing."""
