#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace idcl::mining {

using at::Tensor;

/// Where each anchor's positives are, for an evaluator that goes to them by itself instead of reading a tile's marks. Every other
/// reference is a negative, but for the anchor itself where it is skipped. Memory is linear in the number of rows: anchors of one
/// label share a group.
struct Places {
  struct Range {
    int64_t begin = 0, end = 0;  ///< in `members`
  };
  std::vector<int64_t> members;  ///< references, ascending within a group
  std::vector<Range> groups;     ///< of each anchor
  bool skips_self = false;       ///< is (i, i) no pair at all?
  bool mutual = true;            ///< is j a positive of i where i is one of j?
  std::vector<int64_t> lost{};   ///< anchors that NaN left without positives: their loss is NaN

  /// Those of anchor i's group in [from, to), ascending: its positives, and itself where it is one of the group.
  std::span<const int64_t> within(int64_t i, int64_t from, int64_t to) const {
    const auto& group = groups[static_cast<std::size_t>(i)];
    const auto *begin = members.data() + group.begin, *end = members.data() + group.end;
    const auto* first = begin == end || *begin >= from ? begin : std::lower_bound(begin, end, from);
    return {first, first == end || end[-1] < to ? end : std::lower_bound(first, end, to)};
  }

  /// Calls `visit(j)` for the positives j of anchor i in [from, to), ascending.
  template <class Visit>
  void visit(int64_t i, int64_t from, int64_t to, Visit&& visit) const {
    for (const auto j : within(i, from, to))
      if (!skips_self || j != i) visit(j);
  }

  /// The most positives that an anchor has, or one more where it is among them itself.
  int64_t most() const {
    int64_t most = 0;
    for (const auto& group : groups) most = std::max(most, group.end - group.begin - (skips_self && mutual ? 1 : 0));
    return most;
  }

  /// Of each of m references the anchors that have it in their group. Linear in the positives.
  Places reversed(int64_t m) const {
    Places result{.members = {}, .groups = std::vector<Range>(static_cast<std::size_t>(m)), .skips_self = skips_self, .mutual = mutual};
    const auto for_each = [&](const auto& meet) {
      for (std::size_t i = 0; i < groups.size(); ++i)
        for (auto at = groups[i].begin; at < groups[i].end; ++at)
          if (const auto j = members[static_cast<std::size_t>(at)]; j >= 0)
            meet(static_cast<int64_t>(i), result.groups[static_cast<std::size_t>(j)]);
    };
    for_each([](int64_t, Range& group) { ++group.end; });
    int64_t total = 0;
    for (auto& group : result.groups) {
      const auto count = group.end;
      group = {total, total};
      total += count;
    }
    result.members.resize(static_cast<std::size_t>(total));
    for_each([&](int64_t i, Range& group) { result.members[static_cast<std::size_t>(group.end++)] = i; });
    return result;
  }

  /// Nowhere: n anchors whose positives are not known yet.
  static Places none(int64_t n, bool skips_self) {
    return {.members = {}, .groups = std::vector<Range>(static_cast<std::size_t>(n)), .skips_self = skips_self};
  }

  /// Anchor i and reference i.
  static Places diagonal(int64_t n) {
    Places places{.members = std::vector<int64_t>(static_cast<std::size_t>(n)), .groups = std::vector<Range>(static_cast<std::size_t>(n))};
    std::iota(places.members.begin(), places.members.end(), int64_t{0});
    for (int64_t i = 0; i < n; ++i) places.groups[static_cast<std::size_t>(i)] = {i, i + 1};
    return places;
  }

  /// Anchors and references of one label, [N] and [M], integers on the CPU.
  static Places of_labels(const Tensor& anchors, const Tensor& references, bool skips_self) {
    const auto whole = [](const Tensor& labels) {
      return labels.scalar_type() == at::kLong ? labels.contiguous() : labels.to(at::kLong).contiguous();
    };
    const auto mine = whole(anchors), theirs = references.is_same(anchors) ? mine : whole(references);
    const auto* label = theirs.const_data_ptr<int64_t>();
    Places places{.members = std::vector<int64_t>(static_cast<std::size_t>(theirs.numel())), .groups = {}, .skips_self = skips_self};
    std::iota(places.members.begin(), places.members.end(), int64_t{0});
    std::sort(places.members.begin(), places.members.end(),
              [&](int64_t a, int64_t b) { return label[a] != label[b] ? label[a] < label[b] : a < b; });
    if (mine.is_same(theirs)) {  // each anchor's group is the one that it is in
      places.groups.resize(places.members.size());
      for (std::size_t first = 0, last = 0; first < places.members.size(); first = last) {
        while (last < places.members.size() && label[places.members[last]] == label[places.members[first]]) ++last;
        const Range group{static_cast<int64_t>(first), static_cast<int64_t>(last)};
        for (auto k = first; k < last; ++k) places.groups[static_cast<std::size_t>(places.members[k])] = group;
      }
      return places;
    }
    places.groups.reserve(static_cast<std::size_t>(mine.numel()));
    for (const auto wanted : at::ArrayRef<int64_t>(mine.const_data_ptr<int64_t>(), static_cast<std::size_t>(mine.numel()))) {
      const auto first = std::partition_point(places.members.begin(), places.members.end(), [&](int64_t j) { return label[j] < wanted; });
      const auto last = std::partition_point(first, places.members.end(), [&](int64_t j) { return label[j] == wanted; });
      places.groups.push_back({first - places.members.begin(), last - places.members.begin()});
    }
    return places;
  }

  /// Listed references, int64 [N, K] on the CPU, each once; -1 where there is none.
  static Places listed(const Tensor& list, bool skips_self) {
    const auto all = list.contiguous();
    const auto n = all.size(0), k = all.size(1);
    const auto* index = all.const_data_ptr<int64_t>();
    Places places{.members = std::vector<int64_t>(index, index + n * k),
                  .groups = std::vector<Range>(static_cast<std::size_t>(n)),
                  .skips_self = skips_self,
                  .mutual = false};
    for (int64_t i = 0; i < n; ++i) {
      const auto first = places.members.begin() + i * k;
      std::sort(first, first + k);
      places.groups[static_cast<std::size_t>(i)] = {i * k, i * k + k};
      if (k > 0 && *first < 0) places.lost.push_back(i);
    }
    return places;
  }
};

}  // namespace idcl::mining
