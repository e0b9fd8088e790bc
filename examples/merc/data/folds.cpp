#include "data/folds.hpp"

#include "data/rearrange.hpp"

namespace merc {

Folds::Folds(const Corpus& data, FoldBy by) : data_(data) {
  if (by == FoldBy::File) {
    sessions_ = {0};
    return;
  }
  const auto found = sessions(data);
  if (found.size() < 2)
    throw DataError(data.path + ": folds by session need dialogs of two sessions at least, got " + std::to_string(found.size()));
  sessions_.assign(found.begin(), found.end());
}

const Corpus& Folds::corpus(std::size_t fold) {
  const int number = session(fold);
  if (number == 0) return data_;
  if (made_.test_session != number) {
    made_ = {};  // first, so that no two folds are in memory
    made_ = data_;
    hold_out_session(made_, number);
    hold_out_dev(made_);
  }
  return made_;
}

}  // namespace merc
