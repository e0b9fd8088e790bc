#pragma once

#include "budget.hpp"
#include "error.hpp"
#include "value.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace idcl::pickle {

/// The stack of the machine, with its marks. What lies below the last mark belongs to an unfinished container and is out of reach.
class Stack {
 public:
  explicit Stack(Budget& budget) : budget_(budget) {}

  std::size_t size() const { return values_.size(); }

  void push(Value value) {  // by value: it may be one of the stack itself, which is about to grow
    budget_.grow(values_, values_.size() + 1);
    values_.push_back(value);
  }

  const Value& top() const {
    if (values_.size() <= floor()) throw Error("an opcode needs a value where the stack has none: the file is damaged");
    return values_.back();
  }

  Value pop() {
    const auto value = top();
    values_.pop_back();
    return value;
  }

  /// POP drops the topmost value, or the mark where that is on top.
  void discard() {
    if (!marks_.empty() && marks_.back() == values_.size()) return marks_.pop_back();
    pop();
  }

  void mark() {
    budget_.grow(marks_, marks_.size() + 1);
    marks_.push_back(values_.size());
  }

  /// Takes the last mark away and gives the index of the first value above it.
  std::size_t pop_mark() {
    if (marks_.empty()) throw Error("an opcode needs a mark where there is none: the file is damaged");
    const auto begin = marks_.back();
    marks_.pop_back();
    return begin;
  }

  /// The index of the lowest of the `count` topmost values.
  std::size_t below_top(std::size_t count) const {
    if (values_.size() - floor() < count) {
      throw Error("an opcode needs " + std::to_string(count) + " values, the stack has fewer: the file is damaged");
    }
    return values_.size() - count;
  }

  /// The value under the one at `begin`.
  const Value& below(std::size_t begin) const {
    if (begin <= floor()) throw Error("items for a container where the stack has none: the file is damaged");
    return values_[begin - 1];
  }

  /// The values from `begin` on, until the stack changes.
  std::span<const Value> from(std::size_t begin) const { return std::span(values_).subspan(begin); }

  /// Drops the values from `begin` on.
  void drop(std::size_t begin) { values_.resize(begin); }

 private:
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Budget& budget_;
  std::vector<Value> values_;
  std::vector<std::size_t> marks_;  // heights of the stack
};

}  // namespace idcl::pickle
