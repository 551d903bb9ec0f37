"""单位评奖: enterprises judged in leagues by a composite that was written down before the competition opened.

Words: composite (综合评分办法): the rules of an award. entrant (参评单位): a unit that competes, with all units below it rolled
up. league (组别): those who are compared with one another. indicator (指标): one of the figures that the composite weighs.
"""
