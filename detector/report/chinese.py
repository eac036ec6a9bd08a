"""The report in Chinese: English sentence to Chinese sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "Mon": "周一",
        "Tue": "周二",
        "Wed": "周三",
        "Thu": "周四",
        "Fri": "周五",
        "Sat": "周六",
        "Sun": "周日",
        "{sign}{s} s": "{sign}{s} 秒",
        "{sign}{m} min": "{sign}{m} 分钟",
        "{sign}{h} h {m} min": "{sign}{h} 小时 {m} 分",
        "{sign}{d} d {h} h": "{sign}{d} 天 {h} 小时",
        "unknown": "未知",
        "minor": "一般",
        "major": "重大",
        "critical": "特大",
        "Outage report": "故障报告",
        "No outage found": "未发现故障",
        "Outages of {service}": "{service} 故障",
        "Outages of {n} services": "{n} 项服务的故障",
        "Between {start} and {end} no outage was found.": "{start} 至 {end} 未发现故障。",
        "one incident": "1 起事件",
        "{n} incidents": "{n} 起事件",
        "one service": "1 项服务",
        "{n} services": "{n} 项服务",
        "one series": "1 条序列",
        "{n} series": "{n} 条序列",
        "Between {start} and {end} the complaints show {found} of {services}, {hours} in all.": (
            "{start} 至 {end}，用户抱怨显示 {services}共发生 {found}，合计 {hours}。"
        ),
        "It was {service} on {start} ({severity}): it lasted {lasted} and its heat rose to "
        "{peak}.": "{start} 的 {service}（{severity}）：持续 {lasted}，热度最高 {peak}。",
        "It was {service} on {start} ({severity}): it lasted {lasted} and brought {excess} "
        "complaints more than usual, {peak} in its busiest bin.": (
            "{start} 的 {service}（{severity}）：持续 {lasted}，"
            "抱怨比平时多 {excess} 条，最高一格 {peak} 条。"
        ),
        "The worst was {service} on {start} ({severity}): it lasted {lasted} and its heat "
        "rose to {peak}.": (
            "最严重的是 {start} 的 {service}（{severity}）：持续 {lasted}，热度最高 {peak}。"
        ),
        "The worst was {service} on {start} ({severity}): it lasted {lasted} and brought {excess} "
        "complaints more than usual, {peak} in its busiest bin.": (
            "最严重的是 {start} 的 {service}（{severity}）：持续 {lasted}，"
            "抱怨比平时多 {excess} 条，最高一格 {peak} 条。"
        ),
        "It was noticed {lag} after it began.": "开始后 {lag}被发现。",
        "Noticed typically {typical} after the start, at the latest {longest}.": (
            "通常在开始后 {typical}被发现，最迟 {longest}。"
        ),
        "The operator of {service} first spoke on {operator}, {lead} after the notice.": (
            "{service} 运营方于 {operator} 首次发声，比发现晚 {lead}。"
        ),
        "The operator of {service} first spoke on {operator}, {lead} before the notice.": (
            "{service} 运营方于 {operator} 首次发声，比发现早 {lead}。"
        ),
        "Began": "开始",
        "Noticed": "发现",
        "Over": "结束",
        "Peak": "峰值",
        "Excess": "超出",
        "Voices": "人数",
        "Fails": "故障功能",
        "Where": "地区",
        "On": "平台",
        "Words": "用词",
        "In its history": "历史比较",
        "Sources": "来源",
        "Evidence": "证据",
        "{at}, exact to the bin": "{at}，精确到格",
        "{at}, 90 % sure between {low} and {high}": "{at}，九成把握在 {low} 至 {high} 之间",
        "seen with hindsight only: the live path would not have noticed it": (
            "仅事后可见：实时检测不会发现"
        ),
        "{at}, {lag} after it began": "{at}，开始后 {lag}",
        "still going on at the end of the data, for {lasted}": "数据结束时仍在继续，已 {lasted}",
        "{at}, after {lasted}": "{at}，历时 {lasted}",
        "heat {n} at {at}; the list began at {usual}": "{at} 热度 {n}；上榜门槛 {usual}",
        "{n} in one bin at {at}; {usual} expected": "{at} 一格 {n} 条；预期 {usual} 条",
        "{n} more than expected": "比预期多 {n} 条",
        "{n} nats at the alarm": "报警时 {n} 奈特",
        "{voices} voices in {posts} posts": "{posts} 条帖子，{voices} 人",
        "{said}, {share} with a link": "{said}，{share} 带链接",
        "{hit}; not {spared}": "{hit}；不包括 {spared}",
        "the only incident in {days} observed days": "观测的 {days} 天里唯一一起",
        "number {rank} of {of} by excess": "按超出量在 {of} 起中排第 {rank}",
        "{rank}; {busiest} complaints in its busiest hour, {ordinary} in the busiest hour outside "
        "incidents ({at})": (
            "{rank}；最多的一小时 {busiest} 条抱怨，事件之外最多的一小时 {ordinary} 条（{at}）"
        ),
        "began": "开始",
        "noticed": "发现",
        "over": "结束",
        "peak": "峰值",
        "expected": "预期",
        "not observed": "未观测",
        "nothing was observed": "没有观测",
        "Complaints about {service} around {start}: counts against the expected band": (
            "{start} 前后关于 {service} 的抱怨：计数与预期范围"
        ),
        "All of {service} at {source}": "{source} 上 {service} 的全部数据",
        "times in {zone}": "时间为 {zone}",
        "made on {at}": "制作于 {at}",
        "Incidents": "事件",
        "Time in incidents": "事件总时长",
        "Worst": "最严重",
        "Noticed after the start": "开始后多久发现",
        "typically": "通常",
        "Observed": "观测时长",
        "Contents": "目录",
        "Summary": "摘要",
        "All incidents": "全部事件",
        "The whole time": "整个时段",
        "Compared with what is known": "与已知情况比较",
        "Method and data": "方法与数据",
        "Service": "服务",
        "Severity": "严重程度",
        "with hindsight": "事后可见",
        "goes on": "仍在继续",
        "list from {n}": "门槛 {n}",
        "{n} expected": "预期 {n}",
        "Below the start stands its 90 % interval, below the notice how long after the start it "
        "came, below the end how long it lasted.": (
            "开始时间下为其九成区间，发现时间下为距开始多久，结束时间下为历时。"
        ),
        "The {n} worst have a chapter below.": "最严重的 {n} 起在下文单独说明。",
        "posts per bin, mean": "每格帖子数（均值）",
        "smallest to largest bin": "最小至最大一格",
        "90 % of ordinary bins": "九成平常格",
        "incident": "事件",
        "interval of the start": "开始时间区间",
        "Shown are {n} of {all} series, those with the worst incidents.": (
            "共 {all} 条序列，图为事件最严重的 {n} 条。"
        ),
        "What the operator said": "运营方的说法",
        "Regions that the complaints name": "抱怨中提到的地区",
        "affected": "受影响",
        "not affected": "未受影响",
        "not enough posts": "帖子不足",
        "They say": "他们说",
        "Outage": "故障",
        "Known start": "已知开始",
        "Estimated start": "估计开始",
        "Operator spoke": "运营方发声",
        "Known end": "已知结束",
        "exact": "准确",
        "off by {d}": "相差 {d}",
        "interval holds it": "区间包含",
        "interval misses it": "区间未包含",
        "{d} after the known start": "已知开始后 {d}",
        "{d} after the earliest report": "最早报道后 {d}",
        "{d} after the notice": "发现后 {d}",
        "Known outages that no incident meets:": "没有事件对应的已知故障：",
        "An incident is a sustained excess of complaints over what is expected at that time of day "
        "and week. The expected counts are learnt from the past of each bin only; the start, its "
        "interval and the end are estimated anew with hindsight, from the data on both sides.": (
            "事件是抱怨持续超出当日当周该时刻的预期。预期计数只从每格之前的数据学得；"
            "开始及其区间和结束在事后用两侧数据重新估计。"
        ),
        "When it was noticed is what the live path would have said at that moment, knowing nothing "
        "of what came later. A bin that was not observed counts neither as zero nor as quiet; it "
        "is hatched in the charts.": (
            "发现时间是实时检测在当时会给出的时间，不知道之后的数据。"
            "没有观测的格既不算零也不算平静，图中以斜线表示。"
        ),
        "A trending list shows a topic only while it is above the list's lowest entry. There is no "
        "baseline; that a topic entered is the alarm, and its numbers are heat.": (
            "热榜只显示高于门槛的话题，没有基线；话题上榜即为报警，数值为热度。"
        ),
        "Documented outages come from press reports of the time; where reports disagree, the span "
        "of their times stands.": "已知故障取自当时的新闻报道；报道不一致时给出时间范围。",
        "Data": "数据",
        "Series": "序列",
        "From": "自",
        "Until": "至",
        "Bin": "格宽",
        "Gaps": "缺口",
        "Input": "输入",
        "{n} bins": "{n} 格",
        "False pages allowed": "容许误报",
        "Time zone": "时区",
        "A post is a complaint from": "判为抱怨的概率下限",
        "Regrouped within": "并入同一事件的间隔",
        "Version": "版本",
        "Outages found": "发现的故障比例",
        "Incidents that are outages": "事件中真实故障的比例",
        "False alarms": "误报",
        "False alarms per service and week": "每项服务每周误报",
        "Noticed after the start, median (min)": "开始后多久发现，中位数（分钟）",
        "Noticed after the start, 90th percentile (min)": "开始后多久发现，第 90 百分位（分钟）",
        "Error of the start, median (min)": "开始时间误差，中位数（分钟）",
        "Error of the start, 90th percentile (min)": "开始时间误差，第 90 百分位（分钟）",
        "Intervals that hold the start": "包含真实开始的区间比例",
        "Error of the end, median (min)": "结束时间误差，中位数（分钟）",
        "Made by outage-detector {version}. The page is complete in itself and asks for nothing "
        "from elsewhere.": "由 outage-detector {version} 制作。本页自成一体，不请求任何外部内容。",
    }
)
