#pragma once

#include "data/corpus.hpp"

#include <idcl/pickle/numpy.hpp>
#include <idcl/pickle/value.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace merc {

/// Reads the features of one modality, dialog after dialog, straight into float32, and keeps the books on what it sees.
class RowReader {
 public:
  explicit RowReader(std::string modality) : modality_(std::move(modality)) {}

  /// The rows of one dialog: an array [n, d], or a list of n rows, each an array or a list of numbers.
  ///
  /// `figures` are those of the split and go on from dialog to dialog; `place` says where we are, for messages. Throws DataError
  /// where the rows are not n, not all of one width, or no numbers.
  Matrix read(const idcl::pickle::Value& value, std::int64_t utterances, FeatureFigures& figures, const std::string& place);

  /// The same for `utterances` rows, from `first` on, of an array that holds the rows of many dialogs.
  Matrix read(const idcl::pickle::numpy::Array& array, std::int64_t first, std::int64_t utterances, FeatureFigures& figures,
              const std::string& place);

  const std::string& name() const { return modality_; }
  Modality modality() const { return {dim_, dtype_}; }

  /// How many values were not finite, and where the first of them was; empty where all were.
  std::string complaint() const;

 private:
  struct Sink;
  void read_array(const idcl::pickle::numpy::Array& array, std::int64_t begin, std::int64_t end, Sink& sink);
  void read_row(const idcl::pickle::Value& row, Sink& sink);
  void see_width(std::int64_t width, const std::string& place);
  void see_dtype(const std::string& dtype);
  void see_sink(const Sink& sink, std::int64_t width, const std::string& place);
  [[noreturn]] void fail(const std::string& place, const std::string& what) const;

  std::string modality_;
  std::int64_t dim_ = 0;  // 0: no row seen yet
  std::string dtype_;
  std::int64_t nans_ = 0;
  std::int64_t infinities_ = 0;
  std::int64_t bad_dialogs_ = 0;
  std::string first_bad_;
};

}  // namespace merc
