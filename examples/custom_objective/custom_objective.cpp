// An objective of one's own: written once as a fold over tiles, it runs dense and streamed, with any similarity, miner and reduction.

#include <idcl/idcl.hpp>

#include <iostream>

/// L_i = sum_P (1 - s_ip)^2 + sum_N max(0, s_in)^2: positives are drawn to similarity 1, negatives below 0.
struct SquaredHinge {
  static constexpr int passes = 1;

  struct Rows {
    idcl::Tensor sum, count;  // [n]
    auto members() { return std::tie(sum, count); }
  };

  Rows begin(int64_t n, const at::TensorOptions& options) const { return {at::zeros({n}, options), at::zeros({n}, options)}; }

  void update(Rows& rows, const idcl::Tile& tile, int) const {
    const auto& s = tile.similarity;  // [n, m]
    const auto far = (1 - tile.positive.keep(s, 1)).square(), near = tile.negative().keep(s, 0).clamp_min(0).square();
    merge(rows, {far.sum(1) + near.sum(1), tile.candidate.count(tile.rows(), tile.cols(), s.options())});
  }

  void merge(Rows& rows, const Rows& other) const {
    rows.sum = rows.sum + other.sum;
    rows.count = rows.count + other.count;
  }

  idcl::Tensor loss(const Rows& rows) const { return rows.sum; }
  idcl::Tensor terms(const Rows& rows) const { return rows.count; }

  idcl::Tensor gradient(const Rows&, const idcl::Tile& tile, const idcl::Tensor& upstream) const {
    const auto& s = tile.similarity;
    auto slope = tile.negative().spread(tile.negative().keep(s, 0).clamp_min(0) * 2, tile.cols());
    tile.positive.add_(slope, (tile.positive.keep(s, 1) - 1) * 2);
    return slope * upstream.unsqueeze(1);
  }
};

int main() {
  torch::manual_seed(0);
  const auto x = torch::randn({1000, 32}), labels = torch::randint(0, 10, {1000});
  const auto value = [&](idcl::Evaluator evaluator) {
    return idcl::ContrastiveLoss{idcl::similarity::Cosine{}, idcl::mining::Labels{}, SquaredHinge{}, idcl::reduction::Mean{},
                                 idcl::Evaluation{evaluator}}(x, labels);
  };
  const auto dense = value(idcl::Evaluator::Dense), streaming = value(idcl::Evaluator::Streaming);
  std::cout << dense.item<float>() << " and " << streaming.item<float>()
            << (at::allclose(dense, streaming) ? ": dense and streaming agree\n" : ": they differ\n");
}
