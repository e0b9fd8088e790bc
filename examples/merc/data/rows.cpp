#include "data/rows.hpp"

#include <cmath>
#include <limits>

namespace merc {

namespace pickle = idcl::pickle;
namespace numpy = idcl::pickle::numpy;

/// Takes the values of one dialog in order; a local one stays in registers.
struct RowReader::Sink {
  FeatureFigures figures;
  std::vector<float> values;
  std::int64_t nans = 0;
  std::int64_t infinities = 0;
  std::int64_t first_bad = -1;

  void take(double value) {
    constexpr double largest = std::numeric_limits<float>::max();
    if (!(std::abs(value) <= largest)) {
      ++(std::isnan(value) ? nans : infinities);
      if (first_bad < 0) first_bad = static_cast<std::int64_t>(values.size());
      value = 0;
    }
    if (figures.count++ == 0) figures.first = value;
    figures.last = value;
    figures.sum += value;
    figures.sum_of_squares += value * value;
    values.push_back(static_cast<float>(value));
  }
};

void RowReader::fail(const std::string& place, const std::string& what) const { throw DataError(place + ": " + modality_ + " " + what); }

void RowReader::see_width(std::int64_t width, const std::string& place) {
  if (width == 0) fail(place, "has rows without values");
  if (dim_ != 0 && width != dim_)
    fail(place, "has a row of " + std::to_string(width) + " values, all rows before have " + std::to_string(dim_));
  dim_ = width;
}

/// Mixed rows are named after the widest type.
void RowReader::see_dtype(const std::string& dtype) {
  if (dtype_.empty() || dtype == "float64") dtype_ = dtype;
}

void RowReader::see_sink(const Sink& sink, std::int64_t width, const std::string& place) {
  nans_ += sink.nans;
  infinities_ += sink.infinities;
  if (sink.first_bad < 0) return;
  ++bad_dialogs_;
  if (first_bad_.empty()) first_bad_ = place + ", utterance " + std::to_string(sink.first_bad / width);
}

void RowReader::read_array(const numpy::Array& array, std::int64_t begin, std::int64_t end, Sink& sink) {
  see_dtype(array.dtype.name());
  numpy::visit(array, begin, end, [&sink](auto element) { sink.take(static_cast<double>(element)); });
}

/// One utterance: an array of one dimension (others being 1), or a list of numbers.
void RowReader::read_row(const pickle::Value& row, Sink& sink) {
  if (const auto array = numpy::array(row)) {
    const auto width = array->elements();
    if (array->shape.empty() || array->shape.back() != width) throw pickle::Error("a row is no vector");
    return read_array(*array, 0, width, sink);
  }
  if (!row.is_sequence()) throw pickle::Error(std::string("a ") + pickle::name(row.kind()) + " where a row of numbers should be");
  for (const auto& element : row.items()) {
    if (element.is(pickle::Kind::Float)) {
      sink.take(element.real());
    } else if (element.is_integer()) {
      sink.take(static_cast<double>(element.integer()));
    } else if (const auto scalar = numpy::array(element); scalar && scalar->elements() == 1) {
      read_array(*scalar, 0, 1, sink);
      continue;
    } else {
      throw pickle::Error(std::string("a ") + pickle::name(element.kind()) + " where a number should be");
    }
    see_dtype("float64");
  }
}

Matrix RowReader::read(const numpy::Array& array, std::int64_t first, std::int64_t utterances, FeatureFigures& figures,
                       const std::string& place) {
  if (array.shape.size() != 2)
    fail(place, "is an array of " + std::to_string(array.shape.size()) + " dimensions, expected [utterances, width]");
  const auto width = array.shape[1];
  see_width(width, place);
  Sink sink{.figures = figures, .values = {}};
  sink.values.reserve(static_cast<std::size_t>(utterances * width));
  read_array(array, first * width, (first + utterances) * width, sink);
  see_sink(sink, width, place);
  figures = sink.figures;
  return {utterances, width, std::move(sink.values)};
}

Matrix RowReader::read(const pickle::Value& value, std::int64_t utterances, FeatureFigures& figures, const std::string& place) try {
  const auto count_rows = [&](std::int64_t rows) {
    if (rows != utterances) fail(place, "has " + std::to_string(rows) + " rows for " + std::to_string(utterances) + " labels");
  };
  if (const auto array = numpy::array(value)) {
    if (!array->shape.empty()) count_rows(array->shape[0]);
    return read(*array, 0, utterances, figures, place);
  }
  if (!value.is_sequence()) fail(place, std::string("is a ") + pickle::name(value.kind()) + ", expected an array or a list of rows");
  count_rows(static_cast<std::int64_t>(value.count()));
  Sink sink{.figures = figures, .values = {}};
  if (dim_ > 0) sink.values.reserve(static_cast<std::size_t>(utterances * dim_));
  for (const auto& row : value.items()) {
    const auto before = sink.values.size();
    read_row(row, sink);
    see_width(static_cast<std::int64_t>(sink.values.size() - before), place);
  }
  see_sink(sink, dim_, place);
  figures = sink.figures;
  return {utterances, dim_, std::move(sink.values)};
} catch (const pickle::Error& error) {
  throw DataError(place + ": " + modality_ + ": " + error.what());
}

std::string RowReader::complaint() const {
  const auto count = nans_ + infinities_;
  if (count == 0) return {};
  return modality_ + ": " + std::to_string(count) + (count == 1 ? " value is" : " values are") + " not finite (" + std::to_string(nans_) +
         " NaN, " + std::to_string(infinities_) + " infinite) in " + std::to_string(bad_dialogs_) +
         (bad_dialogs_ == 1 ? " dialog, " : " dialogs, first in ") + first_bad_ + "; set to 0";
}

}  // namespace merc
